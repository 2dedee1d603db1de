BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0026');
CREATE TABLE audit_about (
	subject BLOB NOT NULL,
	entry_id CHAR(32) NOT NULL,
	CONSTRAINT pk_audit_about PRIMARY KEY (subject, entry_id)
);
CREATE TABLE audit_entry (
	id CHAR(32) NOT NULL,
	at DATETIME NOT NULL,
	actor VARCHAR NOT NULL,
	organisation VARCHAR NOT NULL,
	roles VARCHAR NOT NULL,
	purpose VARCHAR,
	action VARCHAR NOT NULL,
	resource VARCHAR NOT NULL,
	subjects BLOB NOT NULL,
	fields VARCHAR NOT NULL,
	decision VARCHAR NOT NULL,
	reason VARCHAR,
	request_id VARCHAR,
	CONSTRAINT pk_audit_entry PRIMARY KEY (id)
);
CREATE TABLE audit_seal (
	seq BIGINT NOT NULL,
	entry_id CHAR(32) NOT NULL,
	prev BLOB NOT NULL,
	hash BLOB NOT NULL,
	CONSTRAINT pk_audit_seal PRIMARY KEY (seq),
	CONSTRAINT uq_audit_seal_entry_id UNIQUE (entry_id)
);
CREATE TABLE audit_subject (
	hash BLOB NOT NULL,
	subject VARCHAR,
	CONSTRAINT pk_audit_subject PRIMARY KEY (hash)
);
CREATE TABLE audit_waiting (
	entry_id CHAR(32) NOT NULL,
	subjects JSON NOT NULL,
	CONSTRAINT pk_audit_waiting PRIMARY KEY (entry_id)
);
CREATE TABLE chosen_figure (
	round_number INTEGER NOT NULL,
	population VARCHAR NOT NULL,
	place_pcode VARCHAR NOT NULL,
	dimension VARCHAR NOT NULL,
	category VARCHAR NOT NULL,
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	value INTEGER NOT NULL,
	method VARCHAR NOT NULL,
	reason VARCHAR NOT NULL,
	estimates INTEGER NOT NULL,
	lowest INTEGER NOT NULL,
	highest INTEGER NOT NULL,
	chosen_by VARCHAR NOT NULL,
	chosen_at DATETIME NOT NULL,
	CONSTRAINT pk_chosen_figure PRIMARY KEY (id),
	CONSTRAINT uq_chosen_figure UNIQUE (round_number, population, place_pcode, dimension, category, version)
);
CREATE TABLE coverage_change (
	population VARCHAR NOT NULL,
	dimension VARCHAR NOT NULL,
	level INTEGER NOT NULL,
	pcode VARCHAR NOT NULL,
	category VARCHAR NOT NULL,
	round_number INTEGER NOT NULL,
	value BIGINT NOT NULL,
	CONSTRAINT pk_coverage_change PRIMARY KEY (population, dimension, level, pcode, category, round_number)
);
CREATE TABLE dead_letter (
	id CHAR(32) NOT NULL,
	body BLOB NOT NULL,
	reason VARCHAR NOT NULL,
	received_at DATETIME NOT NULL,
	CONSTRAINT pk_dead_letter PRIMARY KEY (id)
);
CREATE TABLE detection (
	id CHAR(32) NOT NULL,
	population VARCHAR NOT NULL,
	pcode VARCHAR NOT NULL,
	round_number INTEGER NOT NULL,
	kind VARCHAR NOT NULL,
	value INTEGER NOT NULL,
	change INTEGER,
	low INTEGER,
	high INTEGER NOT NULL,
	rounds_compared INTEGER NOT NULL,
	detected_at DATETIME NOT NULL,
	acknowledged_at DATETIME,
	acknowledged_by VARCHAR,
	finding VARCHAR,
	CONSTRAINT pk_detection PRIMARY KEY (id),
	CONSTRAINT uq_detection_population_pcode_round_number_kind UNIQUE (population, pcode, round_number, kind)
);
CREATE TABLE detention_visit (
	id CHAR(32) NOT NULL,
	site_id CHAR(32) NOT NULL,
	visited_on DATE NOT NULL,
	entry VARCHAR NOT NULL,
	content BLOB NOT NULL,
	corrects CHAR(32),
	organisation VARCHAR NOT NULL,
	recorded_by VARCHAR NOT NULL,
	recorded_at DATETIME NOT NULL,
	CONSTRAINT fk_detention_visit_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
	CONSTRAINT pk_detention_visit PRIMARY KEY (id),
	CONSTRAINT uq_detention_visit_corrects UNIQUE (corrects)
);
CREATE TABLE displacement_estimate (
	id CHAR(32) NOT NULL,
	incident_id CHAR(32) NOT NULL,
	population VARCHAR NOT NULL,
	from_pcode VARCHAR,
	to_pcode VARCHAR NOT NULL,
	area VARCHAR,
	individuals INTEGER,
	households INTEGER,
	published_on DATE NOT NULL,
	source VARCHAR NOT NULL,
	source_url VARCHAR,
	reason VARCHAR,
	replaces VARCHAR,
	recorded_by VARCHAR NOT NULL,
	recorded_at DATETIME NOT NULL,
	CONSTRAINT fk_displacement_estimate_incident_id_incident FOREIGN KEY(incident_id) REFERENCES incident (id),
	CONSTRAINT pk_displacement_estimate PRIMARY KEY (id)
);
CREATE TABLE erased (
	erasure_id CHAR(32) NOT NULL,
	marks JSON NOT NULL,
	rows JSON NOT NULL,
	erased_at DATETIME NOT NULL,
	answers INTEGER NOT NULL,
	kept_at DATETIME,
	CONSTRAINT pk_erased PRIMARY KEY (erasure_id)
);
CREATE TABLE estimate (
	round_number INTEGER NOT NULL,
	population VARCHAR NOT NULL,
	place_pcode VARCHAR NOT NULL,
	dimension VARCHAR NOT NULL,
	category VARCHAR NOT NULL,
	id CHAR(32) NOT NULL,
	value INTEGER NOT NULL,
	source VARCHAR NOT NULL,
	reliability VARCHAR NOT NULL,
	told_on DATE,
	informant_id CHAR(32),
	submission_id CHAR(32),
	organisation VARCHAR NOT NULL,
	created_by VARCHAR NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT pk_estimate PRIMARY KEY (id)
);
CREATE TABLE figure (
	round_number INTEGER NOT NULL,
	population VARCHAR NOT NULL,
	pcode VARCHAR NOT NULL,
	dimension VARCHAR NOT NULL,
	category VARCHAR NOT NULL,
	value INTEGER NOT NULL,
	CONSTRAINT pk_figure PRIMARY KEY (round_number, population, pcode, dimension, category)
);
CREATE TABLE flow_entry (
	id CHAR(32) NOT NULL,
	site_id CHAR(32) NOT NULL,
	day DATE NOT NULL,
	from_hour INTEGER NOT NULL,
	to_hour INTEGER NOT NULL,
	nationality VARCHAR NOT NULL,
	men INTEGER NOT NULL,
	women INTEGER NOT NULL,
	boys INTEGER NOT NULL,
	girls INTEGER NOT NULL,
	no_data INTEGER NOT NULL,
	total INTEGER NOT NULL,
	origin VARCHAR NOT NULL,
	transit VARCHAR NOT NULL,
	next VARCHAR NOT NULL,
	destination VARCHAR NOT NULL,
	mode VARCHAR NOT NULL,
	vehicle VARCHAR,
	organisation VARCHAR NOT NULL,
	created_by VARCHAR NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT fk_flow_entry_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
	CONSTRAINT pk_flow_entry PRIMARY KEY (id)
);
CREATE TABLE flow_hours (
	site_id CHAR(32) NOT NULL,
	day DATE NOT NULL,
	hours INTEGER NOT NULL,
	recorded_by VARCHAR NOT NULL,
	recorded_at DATETIME NOT NULL,
	CONSTRAINT fk_flow_hours_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
	CONSTRAINT pk_flow_hours PRIMARY KEY (site_id, day)
);
CREATE TABLE flow_publication (
	id CHAR(32) NOT NULL,
	month VARCHAR NOT NULL,
	vintage INTEGER,
	status VARCHAR NOT NULL,
	individuals INTEGER NOT NULL,
	observed_hours INTEGER NOT NULL,
	hours INTEGER NOT NULL,
	k INTEGER NOT NULL,
	beside JSON NOT NULL,
	cells INTEGER NOT NULL,
	suppressed INTEGER NOT NULL,
	reason VARCHAR,
	drafted_by VARCHAR NOT NULL,
	drafted_at DATETIME NOT NULL,
	decided_by VARCHAR,
	decided_at DATETIME,
	CONSTRAINT pk_flow_publication PRIMARY KEY (id),
	CONSTRAINT uq_flow_publication_month_vintage UNIQUE (month, vintage)
);
CREATE TABLE former_place_name (
	id CHAR(32) NOT NULL,
	pcode VARCHAR NOT NULL,
	name_en VARCHAR NOT NULL,
	name_ar VARCHAR NOT NULL,
	name_fr VARCHAR,
	valid_from DATE,
	valid_until DATE NOT NULL,
	recorded_at DATETIME NOT NULL,
	CONSTRAINT fk_former_place_name_pcode_place FOREIGN KEY(pcode) REFERENCES place (pcode),
	CONSTRAINT pk_former_place_name PRIMARY KEY (id),
	CONSTRAINT uq_former_place_name_pcode_valid_until UNIQUE (pcode, valid_until)
);
CREATE TABLE given_answer (
	caller VARCHAR NOT NULL,
	"key" VARCHAR NOT NULL,
	fingerprint VARCHAR NOT NULL,
	status INTEGER NOT NULL,
	headers JSON NOT NULL,
	body BLOB NOT NULL,
	given_at DATETIME NOT NULL,
	CONSTRAINT pk_given_answer PRIMARY KEY (caller, "key")
);
CREATE TABLE inbox (
	event_id CHAR(32) NOT NULL,
	received_at DATETIME NOT NULL,
	CONSTRAINT pk_inbox PRIMARY KEY (event_id)
);
CREATE TABLE incident (
	id CHAR(32) NOT NULL,
	organisation VARCHAR NOT NULL,
	external_id VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	cause VARCHAR NOT NULL,
	occurred_on DATE NOT NULL,
	place_pcode VARCHAR NOT NULL,
	version INTEGER NOT NULL,
	created_by VARCHAR NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT pk_incident PRIMARY KEY (id),
	CONSTRAINT uq_incident_organisation_external_id UNIQUE (organisation, external_id)
);
CREATE TABLE index_score (
	id CHAR(32) NOT NULL,
	"index" VARCHAR NOT NULL,
	version INTEGER NOT NULL,
	pcode VARCHAR NOT NULL,
	round_number INTEGER NOT NULL,
	vintage INTEGER NOT NULL,
	answers JSON NOT NULL,
	score FLOAT NOT NULL,
	band VARCHAR NOT NULL,
	source_count INTEGER,
	restated_because VARCHAR,
	recorded_by VARCHAR NOT NULL,
	recorded_at DATETIME NOT NULL,
	CONSTRAINT pk_index_score PRIMARY KEY (id),
	CONSTRAINT uq_score_vintage UNIQUE ("index", pcode, round_number, vintage)
);
CREATE TABLE intake_mapping (
	id CHAR(32) NOT NULL,
	question_set_id CHAR(32) NOT NULL,
	code VARCHAR NOT NULL,
	content JSON NOT NULL,
	created_by VARCHAR NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT fk_intake_mapping_question_set_id_question_set FOREIGN KEY(question_set_id) REFERENCES question_set (id),
	CONSTRAINT pk_intake_mapping PRIMARY KEY (id),
	CONSTRAINT uq_intake_mapping_question_set_id_code UNIQUE (question_set_id, code)
);
CREATE TABLE job (
	id CHAR(32) NOT NULL,
	kind VARCHAR NOT NULL,
	status VARCHAR NOT NULL,
	payload BLOB NOT NULL,
	options JSON NOT NULL,
	total INTEGER NOT NULL,
	accepted INTEGER NOT NULL,
	unchanged INTEGER NOT NULL,
	rejected INTEGER NOT NULL,
	position INTEGER NOT NULL,
	failures INTEGER NOT NULL,
	detail VARCHAR,
	organisation VARCHAR NOT NULL,
	created_by VARCHAR NOT NULL,
	created_at DATETIME NOT NULL,
	finished_at DATETIME,
	leased_until DATETIME,
	CONSTRAINT pk_job PRIMARY KEY (id)
);
CREATE TABLE key_informant (
	id CHAR(32) NOT NULL,
	role VARCHAR NOT NULL,
	sex VARCHAR NOT NULL,
	place_pcode VARCHAR NOT NULL,
	reliability VARCHAR NOT NULL,
	may_be_called BOOLEAN NOT NULL,
	consented_on DATE,
	contact BLOB NOT NULL,
	version INTEGER NOT NULL,
	organisation VARCHAR NOT NULL,
	created_by VARCHAR NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT pk_key_informant PRIMARY KEY (id)
);
CREATE TABLE maritime_count (
	id CHAR(32) NOT NULL,
	operation_id CHAR(32) NOT NULL,
	vintage INTEGER NOT NULL,
	word VARCHAR NOT NULL,
	men INTEGER NOT NULL,
	women INTEGER NOT NULL,
	children INTEGER NOT NULL,
	no_data INTEGER NOT NULL,
	total INTEGER NOT NULL,
	bodies INTEGER,
	missing INTEGER,
	published_on DATE NOT NULL,
	source VARCHAR NOT NULL,
	source_url VARCHAR,
	reason VARCHAR,
	recorded_by VARCHAR NOT NULL,
	recorded_at DATETIME NOT NULL,
	CONSTRAINT fk_maritime_count_operation_id_maritime_operation FOREIGN KEY(operation_id) REFERENCES maritime_operation (id),
	CONSTRAINT pk_maritime_count PRIMARY KEY (id),
	CONSTRAINT uq_maritime_count_operation_id_vintage UNIQUE (operation_id, vintage)
);
CREATE TABLE maritime_operation (
	id CHAR(32) NOT NULL,
	organisation VARCHAR NOT NULL,
	external_id VARCHAR NOT NULL,
	occurred_on DATE NOT NULL,
	zone VARCHAR,
	authority VARCHAR NOT NULL,
	place_pcode VARCHAR,
	point VARCHAR,
	site_id CHAR(32),
	version INTEGER NOT NULL,
	created_by VARCHAR NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT fk_maritime_operation_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
	CONSTRAINT pk_maritime_operation PRIMARY KEY (id),
	CONSTRAINT uq_maritime_operation_organisation_external_id UNIQUE (organisation, external_id)
);
CREATE TABLE outbox (
	id CHAR(32) NOT NULL,
	type VARCHAR NOT NULL,
	subject VARCHAR NOT NULL,
	body TEXT NOT NULL,
	created_at DATETIME NOT NULL,
	sent_at DATETIME,
	not_before DATETIME,
	attempts INTEGER NOT NULL,
	CONSTRAINT pk_outbox PRIMARY KEY (id)
);
CREATE TABLE place (
	pcode VARCHAR NOT NULL,
	level INTEGER NOT NULL,
	parent_pcode VARCHAR,
	name_en VARCHAR NOT NULL,
	name_ar VARCHAR NOT NULL,
	version INTEGER NOT NULL, name_fr VARCHAR, latitude FLOAT, longitude FLOAT, valid_from DATE, valid_until DATE,
	CONSTRAINT pk_place PRIMARY KEY (pcode)
);
CREATE TABLE place_alias (
	id CHAR(32) NOT NULL,
	pcode VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	added_by VARCHAR NOT NULL,
	added_at DATETIME NOT NULL,
	CONSTRAINT fk_place_alias_pcode_place FOREIGN KEY(pcode) REFERENCES place (pcode),
	CONSTRAINT pk_place_alias PRIMARY KEY (id),
	CONSTRAINT uq_place_alias_pcode_name UNIQUE (pcode, name)
);
CREATE TABLE place_shape (
	pcode VARCHAR NOT NULL,
	level INTEGER NOT NULL,
	west FLOAT NOT NULL,
	south FLOAT NOT NULL,
	east FLOAT NOT NULL,
	north FLOAT NOT NULL,
	geometry JSON NOT NULL,
	CONSTRAINT fk_place_shape_pcode_place FOREIGN KEY(pcode) REFERENCES place (pcode),
	CONSTRAINT pk_place_shape PRIMARY KEY (pcode)
);
CREATE TABLE place_sum (
	population VARCHAR NOT NULL,
	dimension VARCHAR NOT NULL,
	level INTEGER NOT NULL,
	pcode VARCHAR NOT NULL,
	category VARCHAR NOT NULL,
	round_number INTEGER NOT NULL,
	value BIGINT NOT NULL,
	places INTEGER NOT NULL,
	CONSTRAINT pk_place_sum PRIMARY KEY (population, dimension, level, pcode, category, round_number)
);
CREATE TABLE position (
	type VARCHAR NOT NULL,
	subject VARCHAR NOT NULL,
	sequence BIGINT NOT NULL,
	CONSTRAINT pk_position PRIMARY KEY (type, subject)
);
CREATE TABLE public_cell (
	publication_id CHAR(32) NOT NULL,
	pcode VARCHAR NOT NULL,
	dimension VARCHAR NOT NULL,
	category VARCHAR NOT NULL,
	level INTEGER NOT NULL,
	value INTEGER,
	CONSTRAINT pk_public_cell PRIMARY KEY (publication_id, pcode, dimension, category)
);
CREATE TABLE public_flow (
	publication_id CHAR(32) NOT NULL,
	origin VARCHAR NOT NULL,
	destination VARCHAR NOT NULL,
	value INTEGER,
	CONSTRAINT pk_public_flow PRIMARY KEY (publication_id, origin, destination)
);
CREATE TABLE publication (
	id CHAR(32) NOT NULL,
	round_number INTEGER NOT NULL,
	population VARCHAR NOT NULL,
	vintage INTEGER,
	status VARCHAR NOT NULL,
	round_version INTEGER NOT NULL,
	period VARCHAR,
	individuals INTEGER NOT NULL,
	k INTEGER NOT NULL,
	dimensions JSON NOT NULL,
	beside JSON NOT NULL,
	cells INTEGER NOT NULL,
	suppressed INTEGER NOT NULL,
	reason VARCHAR,
	drafted_by VARCHAR NOT NULL,
	drafted_at DATETIME NOT NULL,
	decided_by VARCHAR,
	decided_at DATETIME,
	CONSTRAINT pk_publication PRIMARY KEY (id),
	CONSTRAINT uq_publication_round_number_population_vintage UNIQUE (round_number, population, vintage)
);
CREATE TABLE published_figure (
	id CHAR(32) NOT NULL,
	component VARCHAR NOT NULL,
	population VARCHAR NOT NULL,
	pcode VARCHAR NOT NULL,
	round_number INTEGER NOT NULL,
	vintage INTEGER NOT NULL,
	value INTEGER NOT NULL,
	period_start VARCHAR,
	period_end VARCHAR,
	source VARCHAR NOT NULL,
	basis VARCHAR NOT NULL,
	source_count INTEGER,
	confidence VARCHAR NOT NULL,
	note VARCHAR,
	restated_because VARCHAR,
	known_since DATE NOT NULL,
	recorded_at DATETIME NOT NULL,
	CONSTRAINT pk_published_figure PRIMARY KEY (id),
	CONSTRAINT uq_figure_vintage UNIQUE (population, pcode, round_number, component, vintage)
);
CREATE TABLE published_sea_total (
	id CHAR(32) NOT NULL,
	starts_on DATE NOT NULL,
	ends_on DATE NOT NULL,
	word VARCHAR NOT NULL,
	vintage INTEGER NOT NULL,
	total INTEGER NOT NULL,
	men INTEGER,
	women INTEGER,
	children INTEGER,
	no_data INTEGER,
	dead INTEGER,
	missing INTEGER,
	operations INTEGER,
	by_place JSON NOT NULL,
	is_rounded BOOLEAN NOT NULL,
	published_on DATE,
	source_url VARCHAR,
	note VARCHAR,
	reason VARCHAR,
	recorded_by VARCHAR NOT NULL,
	recorded_at DATETIME NOT NULL,
	CONSTRAINT pk_published_sea_total PRIMARY KEY (id),
	CONSTRAINT uq_published_sea_total_starts_on_ends_on_word_vintage UNIQUE (starts_on, ends_on, word, vintage)
);
CREATE TABLE question_set (
	id CHAR(32) NOT NULL,
	code VARCHAR NOT NULL,
	version INTEGER NOT NULL,
	title VARCHAR NOT NULL,
	component VARCHAR NOT NULL,
	content JSON NOT NULL,
	created_by VARCHAR NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT pk_question_set PRIMARY KEY (id),
	CONSTRAINT uq_question_set_code_version UNIQUE (code, version)
);
CREATE TABLE remark (
	job_id CHAR(32) NOT NULL,
	number INTEGER NOT NULL,
	rejected BOOLEAN NOT NULL,
	sheet VARCHAR,
	"row" INTEGER,
	"column" VARCHAR,
	code VARCHAR NOT NULL,
	detail VARCHAR NOT NULL,
	CONSTRAINT pk_remark PRIMARY KEY (job_id, number)
);
CREATE TABLE round (
	number INTEGER NOT NULL,
	population VARCHAR NOT NULL,
	period VARCHAR,
	individuals INTEGER NOT NULL,
	places INTEGER NOT NULL,
	version INTEGER NOT NULL,
	imported_at DATETIME NOT NULL,
	CONSTRAINT pk_round PRIMARY KEY (number, population)
);
CREATE TABLE round_collection (
	id CHAR(32) NOT NULL,
	round_number INTEGER NOT NULL,
	population VARCHAR NOT NULL,
	starts_on DATE NOT NULL,
	ends_on DATE NOT NULL,
	assessments JSON NOT NULL,
	status VARCHAR NOT NULL,
	version INTEGER NOT NULL,
	created_by VARCHAR NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT pk_round_collection PRIMARY KEY (id),
	CONSTRAINT uq_round_collection_round_number_population UNIQUE (round_number, population)
);
CREATE TABLE round_need (
	round_number INTEGER NOT NULL,
	population VARCHAR NOT NULL,
	pcode VARCHAR NOT NULL,
	priority INTEGER NOT NULL,
	need VARCHAR NOT NULL,
	reason VARCHAR NOT NULL,
	CONSTRAINT pk_round_need PRIMARY KEY (round_number, population, pcode, priority)
);
CREATE TABLE round_place (
	round_number INTEGER NOT NULL,
	pcode VARCHAR NOT NULL,
	name_en VARCHAR NOT NULL,
	name_ar VARCHAR NOT NULL, latitude FLOAT, longitude FLOAT,
	CONSTRAINT pk_round_place PRIMARY KEY (round_number, pcode)
);
CREATE TABLE round_version (
	round_number INTEGER NOT NULL,
	population VARCHAR NOT NULL,
	version INTEGER NOT NULL,
	individuals INTEGER NOT NULL,
	places INTEGER NOT NULL,
	figures_changed INTEGER NOT NULL,
	places_changed JSON NOT NULL,
	reason VARCHAR,
	imported_by VARCHAR NOT NULL,
	imported_at DATETIME NOT NULL,
	CONSTRAINT pk_round_version PRIMARY KEY (round_number, population, version)
);
CREATE TABLE site (
	kind VARCHAR NOT NULL,
	place_pcode VARCHAR NOT NULL,
	name_en VARCHAR,
	name_ar VARCHAR,
	name_fr VARCHAR,
	latitude FLOAT,
	longitude FLOAT,
	authority VARCHAR,
	status VARCHAR NOT NULL,
	opened_on DATE,
	closed_on DATE,
	organisation VARCHAR NOT NULL,
	created_by VARCHAR NOT NULL,
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT pk_site PRIMARY KEY (id)
);
CREATE TABLE site_version (
	kind VARCHAR NOT NULL,
	place_pcode VARCHAR NOT NULL,
	name_en VARCHAR,
	name_ar VARCHAR,
	name_fr VARCHAR,
	latitude FLOAT,
	longitude FLOAT,
	authority VARCHAR,
	status VARCHAR NOT NULL,
	opened_on DATE,
	closed_on DATE,
	organisation VARCHAR NOT NULL,
	created_by VARCHAR NOT NULL,
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	from_day DATE,
	because VARCHAR NOT NULL,
	created_at DATETIME NOT NULL,
	recorded_by VARCHAR NOT NULL,
	recorded_at DATETIME NOT NULL,
	CONSTRAINT fk_site_version_id_site FOREIGN KEY(id) REFERENCES site (id),
	CONSTRAINT pk_site_version PRIMARY KEY (id, version)
);
CREATE TABLE stated_total (
	round_number INTEGER NOT NULL,
	population VARCHAR NOT NULL,
	pcode VARCHAR NOT NULL,
	dimension VARCHAR NOT NULL,
	value INTEGER NOT NULL,
	source VARCHAR NOT NULL,
	CONSTRAINT pk_stated_total PRIMARY KEY (round_number, population, pcode, dimension)
);
CREATE TABLE subject_key (
	subject VARCHAR NOT NULL,
	wrapped BLOB NOT NULL,
	version INTEGER NOT NULL,
	made_at DATETIME NOT NULL,
	CONSTRAINT pk_subject_key PRIMARY KEY (subject)
);
CREATE TABLE submission (
	id CHAR(32) NOT NULL,
	question_set_id CHAR(32) NOT NULL,
	external_id VARCHAR NOT NULL,
	round_number INTEGER,
	place_pcode VARCHAR,
	place_told VARCHAR,
	collected_on DATE,
	answers JSON NOT NULL,
	version INTEGER NOT NULL,
	organisation VARCHAR NOT NULL,
	created_by VARCHAR NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT fk_submission_question_set_id_question_set FOREIGN KEY(question_set_id) REFERENCES question_set (id),
	CONSTRAINT pk_submission PRIMARY KEY (id),
	CONSTRAINT uq_submission_question_set_id_external_id UNIQUE (question_set_id, external_id)
);
CREATE TABLE sum_explanation (
	round_number INTEGER NOT NULL,
	population VARCHAR NOT NULL,
	pcode VARCHAR NOT NULL,
	dimension VARCHAR NOT NULL,
	parts INTEGER NOT NULL,
	whole INTEGER NOT NULL,
	reason VARCHAR NOT NULL,
	explained_by VARCHAR NOT NULL,
	explained_at DATETIME NOT NULL,
	CONSTRAINT pk_sum_explanation PRIMARY KEY (round_number, population, pcode, dimension)
);
CREATE TABLE survey (
	id CHAR(32) NOT NULL,
	organisation VARCHAR NOT NULL,
	external_id VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	population VARCHAR NOT NULL,
	sampling VARCHAR NOT NULL,
	chosen VARCHAR NOT NULL,
	starts_on DATE NOT NULL,
	ends_on DATE NOT NULL,
	questions JSON NOT NULL,
	created_by VARCHAR NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT pk_survey PRIMARY KEY (id),
	CONSTRAINT uq_survey_organisation_external_id UNIQUE (organisation, external_id)
);
CREATE TABLE survey_reply (
	sheet_id CHAR(32) NOT NULL,
	question VARCHAR NOT NULL,
	answer VARCHAR NOT NULL,
	survey_id CHAR(32) NOT NULL,
	CONSTRAINT fk_survey_reply_sheet_id_survey_sheet FOREIGN KEY(sheet_id) REFERENCES survey_sheet (id),
	CONSTRAINT pk_survey_reply PRIMARY KEY (sheet_id, question, answer)
);
CREATE TABLE survey_sheet (
	id CHAR(32) NOT NULL,
	survey_id CHAR(32) NOT NULL,
	site_id CHAR(32) NOT NULL,
	day DATE NOT NULL,
	sex VARCHAR NOT NULL,
	age_group VARCHAR NOT NULL,
	nationality VARCHAR NOT NULL,
	organisation VARCHAR NOT NULL,
	created_by VARCHAR NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT fk_survey_sheet_site_id_site FOREIGN KEY(site_id) REFERENCES site (id),
	CONSTRAINT fk_survey_sheet_survey_id_survey FOREIGN KEY(survey_id) REFERENCES survey (id),
	CONSTRAINT pk_survey_sheet PRIMARY KEY (id)
);
CREATE TABLE threshold (
	population VARCHAR NOT NULL,
	pcode VARCHAR NOT NULL,
	individuals INTEGER NOT NULL,
	set_by VARCHAR NOT NULL,
	set_at DATETIME NOT NULL,
	CONSTRAINT pk_threshold PRIMARY KEY (population, pcode)
);
CREATE TABLE tombstone (
	mark VARCHAR NOT NULL,
	erased_at DATETIME NOT NULL,
	CONSTRAINT pk_tombstone PRIMARY KEY (mark)
);
CREATE TABLE withheld_cell (
	publication_id CHAR(32) NOT NULL,
	pcode VARCHAR NOT NULL,
	dimension VARCHAR NOT NULL,
	category VARCHAR NOT NULL,
	value INTEGER NOT NULL,
	reason VARCHAR NOT NULL,
	CONSTRAINT pk_withheld_cell PRIMARY KEY (publication_id, pcode, dimension, category)
);
CREATE TABLE withheld_flow (
	publication_id CHAR(32) NOT NULL,
	origin VARCHAR NOT NULL,
	destination VARCHAR NOT NULL,
	value INTEGER NOT NULL,
	reason VARCHAR NOT NULL,
	CONSTRAINT pk_withheld_flow PRIMARY KEY (publication_id, origin, destination)
);
CREATE INDEX ix_audit_entry_actor ON audit_entry (actor);
CREATE INDEX ix_coverage_change_round_number_population_level_pcode ON coverage_change (round_number, population, level, pcode);
CREATE INDEX ix_detention_visit_site_id ON detention_visit (site_id);
CREATE INDEX ix_displacement_estimate_incident_id ON displacement_estimate (incident_id);
CREATE INDEX ix_estimate_informant_id ON estimate (informant_id);
CREATE INDEX ix_estimate_round_number_population_place_pcode ON estimate (round_number, population, place_pcode);
CREATE INDEX ix_estimate_submission_id ON estimate (submission_id);
CREATE INDEX ix_figure_dimension_population_pcode ON figure (dimension, population, pcode);
CREATE INDEX ix_flow_entry_day_site_id ON flow_entry (day, site_id);
CREATE INDEX ix_given_answer_given_at ON given_answer (given_at);
CREATE INDEX ix_job_status ON job (status);
CREATE INDEX ix_key_informant_place_pcode ON key_informant (place_pcode);
CREATE INDEX ix_maritime_operation_occurred_on ON maritime_operation (occurred_on);
CREATE INDEX ix_outbox_sent_at ON outbox (sent_at);
CREATE INDEX ix_place_level ON place (level);
CREATE INDEX ix_place_parent_pcode ON place (parent_pcode);
CREATE INDEX ix_place_sum_round_number_population_dimension_level_pcode ON place_sum (round_number, population, dimension, level, pcode);
CREATE INDEX ix_public_cell_publication_id_level_dimension_pcode_category ON public_cell (publication_id, level, dimension, pcode, category);
CREATE INDEX ix_site_place_pcode ON site (place_pcode);
CREATE INDEX ix_site_version_place_pcode ON site_version (place_pcode);
CREATE INDEX ix_subject_key_version ON subject_key (version);
CREATE INDEX ix_submission_place_pcode ON submission (place_pcode);
CREATE INDEX ix_submission_round_number ON submission (round_number);
CREATE INDEX ix_survey_reply_survey_id_question ON survey_reply (survey_id, question);
CREATE INDEX ix_survey_sheet_survey_id ON survey_sheet (survey_id);
CREATE TRIGGER audit_entry_no_delete before delete on audit_entry begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER audit_entry_no_update before update on audit_entry begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER audit_seal_no_delete before delete on audit_seal begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER audit_seal_no_update before update on audit_seal begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER audit_subject_no_delete before delete on audit_subject begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER audit_subject_only_forgotten before update on audit_subject when new.subject is not null or new.hash is not old.hash begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER flow_publication_no_delete before delete on flow_publication when old.status = 'published' begin select raise(abort, 'what is published stays as it is'); end;
CREATE TRIGGER flow_publication_no_update before update on flow_publication when old.status = 'published' begin select raise(abort, 'what is published stays as it is'); end;
CREATE TRIGGER public_cell_no_delete before delete on public_cell begin select raise(abort, 'what is published stays as it is'); end;
CREATE TRIGGER public_cell_no_update before update on public_cell begin select raise(abort, 'what is published stays as it is'); end;
CREATE TRIGGER public_cell_takes_no_more before insert on public_cell when (select status from publication where id = new.publication_id) = 'published' begin select raise(abort, 'what is published stays as it is'); end;
CREATE TRIGGER public_flow_no_delete before delete on public_flow begin select raise(abort, 'what is published stays as it is'); end;
CREATE TRIGGER public_flow_no_update before update on public_flow begin select raise(abort, 'what is published stays as it is'); end;
CREATE TRIGGER public_flow_takes_no_more before insert on public_flow when (select status from flow_publication where id = new.publication_id) = 'published' begin select raise(abort, 'what is published stays as it is'); end;
CREATE TRIGGER publication_no_delete before delete on publication when old.status = 'published' begin select raise(abort, 'what is published stays as it is'); end;
CREATE TRIGGER publication_no_update before update on publication when old.status = 'published' begin select raise(abort, 'what is published stays as it is'); end;
CREATE TRIGGER withheld_cell_no_delete before delete on withheld_cell begin select raise(abort, 'what is published stays as it is'); end;
CREATE TRIGGER withheld_cell_no_update before update on withheld_cell begin select raise(abort, 'what is published stays as it is'); end;
CREATE TRIGGER withheld_cell_takes_no_more before insert on withheld_cell when (select status from publication where id = new.publication_id) = 'published' begin select raise(abort, 'what is published stays as it is'); end;
CREATE TRIGGER withheld_flow_no_delete before delete on withheld_flow begin select raise(abort, 'what is published stays as it is'); end;
CREATE TRIGGER withheld_flow_no_update before update on withheld_flow begin select raise(abort, 'what is published stays as it is'); end;
CREATE TRIGGER withheld_flow_takes_no_more before insert on withheld_flow when (select status from flow_publication where id = new.publication_id) = 'published' begin select raise(abort, 'what is published stays as it is'); end;
COMMIT;
