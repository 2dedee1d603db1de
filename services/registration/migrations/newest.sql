BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0047');
CREATE TABLE alert (
	id CHAR(32) NOT NULL,
	person_id CHAR(32),
	organisation VARCHAR NOT NULL,
	location_pcode VARCHAR NOT NULL,
	account VARCHAR NOT NULL,
	account_organisation VARCHAR NOT NULL,
	roles VARCHAR NOT NULL,
	action VARCHAR NOT NULL,
	resource VARCHAR NOT NULL,
	openings INTEGER NOT NULL,
	opened_at DATETIME NOT NULL,
	last_opened_at DATETIME NOT NULL,
	raised_at DATETIME NOT NULL,
	finding VARCHAR,
	reviewed_by VARCHAR,
	reviewed_at DATETIME,
	version INTEGER NOT NULL,
	CONSTRAINT pk_alert PRIMARY KEY (id)
);
CREATE TABLE assignment (
	id CHAR(32) NOT NULL,
	person_id CHAR(32) NOT NULL,
	worker_id VARCHAR NOT NULL,
	assigned_by VARCHAR NOT NULL,
	starts_at DATETIME NOT NULL,
	ended_at DATETIME,
	CONSTRAINT fk_assignment_person_id_person FOREIGN KEY(person_id) REFERENCES person (id),
	CONSTRAINT pk_assignment PRIMARY KEY (id)
);
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
CREATE TABLE breaking (
	id CHAR(32) NOT NULL,
	person_id CHAR(32),
	organisation VARCHAR NOT NULL,
	location_pcode VARCHAR NOT NULL,
	broken_by VARCHAR NOT NULL,
	roles VARCHAR NOT NULL,
	reason_code VARCHAR NOT NULL,
	explanation BLOB NOT NULL,
	broken_at DATETIME NOT NULL,
	ends_at DATETIME NOT NULL,
	due_at DATETIME NOT NULL,
	cosigned_by VARCHAR,
	cosigned_at DATETIME,
	finding VARCHAR,
	remark BLOB,
	reviewed_by VARCHAR,
	reviewed_at DATETIME,
	version INTEGER NOT NULL,
	CONSTRAINT pk_breaking PRIMARY KEY (id)
);
CREATE TABLE concern (
	id CHAR(32) NOT NULL,
	person_id CHAR(32) NOT NULL,
	organisation VARCHAR NOT NULL,
	location_pcode VARCHAR NOT NULL,
	content BLOB NOT NULL,
	written_by VARCHAR NOT NULL,
	written_at DATETIME NOT NULL,
	outcome VARCHAR,
	triaged_by VARCHAR,
	triaged_at DATETIME,
	referral_id CHAR(32),
	CONSTRAINT fk_concern_person_id_person FOREIGN KEY(person_id) REFERENCES person (id),
	CONSTRAINT pk_concern PRIMARY KEY (id)
);
CREATE TABLE consent (
	person_id CHAR(32) NOT NULL,
	recipient VARCHAR NOT NULL,
	purpose VARCHAR NOT NULL,
	version INTEGER NOT NULL,
	state VARCHAR NOT NULL,
	text_version VARCHAR NOT NULL,
	language VARCHAR,
	interpreter BOOLEAN NOT NULL,
	form VARCHAR,
	asked_on DATE NOT NULL,
	place_pcode VARCHAR,
	detained BOOLEAN,
	minor VARCHAR NOT NULL,
	guardian_relation VARCHAR,
	guardian_person_id CHAR(32),
	expires_on DATE,
	recorded_by VARCHAR NOT NULL,
	recorded_at DATETIME NOT NULL,
	CONSTRAINT fk_consent_person_id_person FOREIGN KEY(person_id) REFERENCES person (id),
	CONSTRAINT pk_consent PRIMARY KEY (person_id, recipient, purpose, version)
);
CREATE TABLE consent_clock (
	id INTEGER NOT NULL,
	sequence INTEGER NOT NULL,
	said_at DATETIME NOT NULL,
	CONSTRAINT pk_consent_clock PRIMARY KEY (id)
);
CREATE TABLE correction (
	id CHAR(32) NOT NULL,
	person_id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	reason VARCHAR NOT NULL,
	corrected_by VARCHAR NOT NULL,
	corrected_at DATETIME NOT NULL, before BLOB DEFAULT (x'00') NOT NULL, changed_on DATE,
	CONSTRAINT pk_correction PRIMARY KEY (id)
);
CREATE TABLE dead_letter (
	id CHAR(32) NOT NULL,
	body BLOB NOT NULL,
	reason VARCHAR NOT NULL,
	received_at DATETIME NOT NULL,
	CONSTRAINT pk_dead_letter PRIMARY KEY (id)
);
CREATE TABLE denied_reads (
	account VARCHAR NOT NULL,
	hour DATETIME NOT NULL,
	reads INTEGER NOT NULL,
	CONSTRAINT pk_denied_reads PRIMARY KEY (account, hour)
);
CREATE TABLE device_copy (
	feed_id CHAR(32) NOT NULL,
	person_id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	standing INTEGER NOT NULL,
	page INTEGER NOT NULL,
	gone BOOLEAN NOT NULL,
	CONSTRAINT fk_device_copy_feed_id_device_feed FOREIGN KEY(feed_id) REFERENCES device_feed (id) ON DELETE CASCADE,
	CONSTRAINT pk_device_copy PRIMARY KEY (feed_id, person_id)
);
CREATE TABLE device_feed (
	id CHAR(32) NOT NULL,
	caller VARCHAR NOT NULL,
	organisation VARCHAR NOT NULL,
	page INTEGER NOT NULL,
	acknowledged INTEGER NOT NULL,
	asked_at DATETIME NOT NULL, person_reached CHAR(32), household_reached CHAR(32),
	CONSTRAINT pk_device_feed PRIMARY KEY (id)
);
CREATE TABLE device_household (
	feed_id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	standing INTEGER NOT NULL,
	page INTEGER NOT NULL,
	gone BOOLEAN NOT NULL,
	household_id CHAR(32) NOT NULL,
	CONSTRAINT fk_device_household_feed_id_device_feed FOREIGN KEY(feed_id) REFERENCES device_feed (id) ON DELETE CASCADE,
	CONSTRAINT pk_device_household PRIMARY KEY (feed_id, household_id)
);
CREATE TABLE document_index (
	person_id CHAR(32) NOT NULL,
	number_index BLOB NOT NULL,
	CONSTRAINT pk_document_index PRIMARY KEY (person_id, number_index)
);
CREATE TABLE document_scan (
	id CHAR(32) NOT NULL,
	person_id CHAR(32) NOT NULL,
	document_type VARCHAR NOT NULL,
	media_type VARCHAR NOT NULL,
	size INTEGER NOT NULL,
	content BLOB NOT NULL,
	added_by VARCHAR NOT NULL,
	added_at DATETIME NOT NULL,
	CONSTRAINT fk_document_scan_person_id_person FOREIGN KEY(person_id) REFERENCES person (id),
	CONSTRAINT pk_document_scan PRIMARY KEY (id)
);
CREATE TABLE duplicate_pair (
	id CHAR(32) NOT NULL,
	left_id CHAR(32) NOT NULL,
	right_id CHAR(32) NOT NULL,
	score FLOAT NOT NULL,
	band VARCHAR NOT NULL,
	reasons JSON NOT NULL,
	weights VARCHAR NOT NULL,
	status VARCHAR NOT NULL,
	decided_by VARCHAR,
	decided_at DATETIME,
	found_at DATETIME NOT NULL,
	CONSTRAINT pk_duplicate_pair PRIMARY KEY (id),
	CONSTRAINT uq_duplicate_pair_left_id_right_id UNIQUE (left_id, right_id)
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
CREATE TABLE erasure (
	id CHAR(32) NOT NULL,
	person_id CHAR(32),
	organisation VARCHAR NOT NULL,
	reason VARCHAR NOT NULL,
	status VARCHAR NOT NULL,
	requested_by VARCHAR NOT NULL,
	requested_at DATETIME NOT NULL,
	decided_by VARCHAR,
	decided_at DATETIME,
	refusal VARCHAR,
	waits_for JSON NOT NULL,
	told INTEGER NOT NULL,
	told_at DATETIME,
	completed_at DATETIME,
	CONSTRAINT pk_erasure PRIMARY KEY (id)
);
CREATE TABLE erasure_answer (
	erasure_id CHAR(32) NOT NULL,
	service VARCHAR NOT NULL,
	rows JSON NOT NULL,
	answered_at DATETIME NOT NULL,
	CONSTRAINT pk_erasure_answer PRIMARY KEY (erasure_id, service)
);
CREATE TABLE export (
	id CHAR(32) NOT NULL,
	organisation VARCHAR NOT NULL,
	requested_by VARCHAR NOT NULL,
	requested_at DATETIME NOT NULL,
	behalf JSON NOT NULL,
	purpose VARCHAR NOT NULL,
	format VARCHAR NOT NULL,
	columns JSON NOT NULL,
	right_to_left BOOLEAN NOT NULL,
	filtered_by JSON NOT NULL,
	filter BLOB NOT NULL,
	rows INTEGER NOT NULL,
	most_rows INTEGER NOT NULL,
	status VARCHAR NOT NULL,
	decided_by VARCHAR,
	decided_at DATETIME,
	parts INTEGER NOT NULL,
	made_at DATETIME,
	kept_until DATETIME NOT NULL,
	ended_because VARCHAR,
	CONSTRAINT pk_export PRIMARY KEY (id)
);
CREATE TABLE export_part (
	export_id CHAR(32) NOT NULL,
	number INTEGER NOT NULL,
	content BLOB NOT NULL,
	CONSTRAINT pk_export_part PRIMARY KEY (export_id, number)
);
CREATE TABLE exported_person (
	export_id CHAR(32) NOT NULL,
	person_id CHAR(32) NOT NULL,
	CONSTRAINT pk_exported_person PRIMARY KEY (export_id, person_id)
);
CREATE TABLE frozen_account (
	account VARCHAR NOT NULL,
	alert_id CHAR(32) NOT NULL,
	frozen_at DATETIME NOT NULL,
	CONSTRAINT pk_frozen_account PRIMARY KEY (account)
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
CREATE TABLE honey_record (
	id CHAR(32) NOT NULL,
	person_id CHAR(32) NOT NULL,
	subject_hash BLOB NOT NULL,
	external_id VARCHAR NOT NULL,
	organisation VARCHAR NOT NULL,
	location_pcode VARCHAR NOT NULL,
	planted_by VARCHAR NOT NULL,
	planted_at DATETIME NOT NULL,
	CONSTRAINT pk_honey_record PRIMARY KEY (id),
	CONSTRAINT uq_honey_record_person_id UNIQUE (person_id),
	CONSTRAINT uq_honey_record_subject_hash UNIQUE (subject_hash)
);
CREATE TABLE household (
	id CHAR(32) NOT NULL,
	case_number VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	organisation VARCHAR NOT NULL,
	household_ref VARCHAR,
	location_pcode VARCHAR NOT NULL,
	head_absence VARCHAR,
	collector_person_id CHAR(32),
	alternate_person_id CHAR(32),
	ended_on DATE,
	joined_into CHAR(32),
	version INTEGER NOT NULL,
	created_by VARCHAR NOT NULL,
	created_at DATETIME NOT NULL, client_id CHAR(32), fingerprint VARCHAR, untold BOOLEAN DEFAULT true NOT NULL,
	CONSTRAINT pk_household PRIMARY KEY (id),
	CONSTRAINT uq_household_case_number UNIQUE (case_number)
);
CREATE TABLE household_member (
	id CHAR(32) NOT NULL,
	household_id CHAR(32) NOT NULL,
	person_id CHAR(32) NOT NULL,
	kind VARCHAR NOT NULL,
	relationship_to_head VARCHAR,
	since DATE NOT NULL,
	until DATE,
	came_because VARCHAR NOT NULL,
	left_because VARCHAR,
	recorded_by VARCHAR NOT NULL,
	recorded_at DATETIME NOT NULL,
	ended_by VARCHAR,
	CONSTRAINT pk_household_member PRIMARY KEY (id)
);
CREATE TABLE inbox (
	event_id CHAR(32) NOT NULL,
	received_at DATETIME NOT NULL,
	CONSTRAINT pk_inbox PRIMARY KEY (event_id)
);
CREATE TABLE intake_form (
	id CHAR(32) NOT NULL,
	organisation VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	source VARCHAR NOT NULL,
	mapping_id CHAR(32) NOT NULL,
	places JSON NOT NULL,
	secret_hash VARCHAR NOT NULL,
	minute INTEGER NOT NULL,
	in_minute INTEGER NOT NULL,
	created_by VARCHAR NOT NULL,
	created_at DATETIME NOT NULL,
	ended_at DATETIME,
	CONSTRAINT fk_intake_form_mapping_id_mapping FOREIGN KEY(mapping_id) REFERENCES mapping (id),
	CONSTRAINT pk_intake_form PRIMARY KEY (id)
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
CREATE TABLE last_service (
	person_id CHAR(32) NOT NULL,
	served_on DATE NOT NULL,
	CONSTRAINT pk_last_service PRIMARY KEY (person_id)
);
CREATE TABLE legal_hold (
	id CHAR(32) NOT NULL,
	person_id CHAR(32),
	organisation VARCHAR NOT NULL,
	ground VARCHAR NOT NULL,
	placed_by VARCHAR NOT NULL,
	placed_at DATETIME NOT NULL,
	lifted_by VARCHAR,
	lifted_at DATETIME,
	CONSTRAINT pk_legal_hold PRIMARY KEY (id)
);
CREATE TABLE mapping (
	id CHAR(32) NOT NULL,
	organisation VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	version INTEGER NOT NULL,
	created_by VARCHAR NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT pk_mapping PRIMARY KEY (id),
	CONSTRAINT uq_mapping_organisation_name UNIQUE (organisation, name)
);
CREATE TABLE mapping_version (
	mapping_id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	content JSON NOT NULL,
	made_by VARCHAR NOT NULL,
	made_at DATETIME NOT NULL,
	CONSTRAINT fk_mapping_version_mapping_id_mapping FOREIGN KEY(mapping_id) REFERENCES mapping (id),
	CONSTRAINT pk_mapping_version PRIMARY KEY (mapping_id, version)
);
CREATE TABLE matching_key (
	"key" BIGINT NOT NULL,
	person_id CHAR(32) NOT NULL,
	CONSTRAINT pk_matching_key PRIMARY KEY ("key", person_id)
);
CREATE TABLE merge (
	id CHAR(32) NOT NULL,
	pair_id CHAR(32),
	kept_id CHAR(32) NOT NULL,
	merged_id CHAR(32) NOT NULL,
	merged_by VARCHAR NOT NULL,
	merged_at DATETIME NOT NULL,
	undone_by VARCHAR,
	undone_at DATETIME,
	CONSTRAINT pk_merge PRIMARY KEY (id)
);
CREATE TABLE merge_dismissal (
	left_id CHAR(32) NOT NULL,
	right_id CHAR(32) NOT NULL,
	organisation VARCHAR NOT NULL,
	because VARCHAR NOT NULL,
	dismissed_by VARCHAR NOT NULL,
	dismissed_at DATETIME NOT NULL,
	CONSTRAINT pk_merge_dismissal PRIMARY KEY (left_id, right_id, organisation)
);
CREATE TABLE merge_proposal (
	id CHAR(32) NOT NULL,
	left_id CHAR(32) NOT NULL,
	right_id CHAR(32) NOT NULL,
	kept_id CHAR(32) NOT NULL,
	proposer VARCHAR NOT NULL,
	proposed_by VARCHAR NOT NULL,
	proposed_at DATETIME NOT NULL,
	until DATETIME NOT NULL,
	state VARCHAR NOT NULL,
	because VARCHAR,
	decider VARCHAR,
	decided_by VARCHAR,
	decided_at DATETIME,
	CONSTRAINT pk_merge_proposal PRIMARY KEY (id)
);
CREATE TABLE name_key (
	"key" BIGINT NOT NULL,
	born_in INTEGER NOT NULL,
	mantika VARCHAR NOT NULL,
	nationality VARCHAR NOT NULL,
	person_id CHAR(32) NOT NULL,
	sounding BIGINT NOT NULL,
	spelt BIGINT NOT NULL,
	CONSTRAINT pk_name_key PRIMARY KEY ("key", born_in, mantika, nationality, person_id, sounding, spelt)
);
CREATE TABLE note (
	id CHAR(32) NOT NULL,
	person_id CHAR(32) NOT NULL,
	kind VARCHAR NOT NULL,
	version INTEGER NOT NULL,
	written_by VARCHAR NOT NULL,
	written_at DATETIME NOT NULL,
	CONSTRAINT fk_note_person_id_person FOREIGN KEY(person_id) REFERENCES person (id),
	CONSTRAINT pk_note PRIMARY KEY (id)
);
CREATE TABLE note_version (
	note_id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	person_id CHAR(32) NOT NULL,
	text BLOB NOT NULL,
	written_by VARCHAR NOT NULL,
	written_at DATETIME NOT NULL,
	CONSTRAINT fk_note_version_note_id_note FOREIGN KEY(note_id) REFERENCES note (id),
	CONSTRAINT pk_note_version PRIMARY KEY (note_id, version)
);
CREATE TABLE other_phone_index (
	person_id CHAR(32) NOT NULL,
	number_index BLOB NOT NULL,
	CONSTRAINT pk_other_phone_index PRIMARY KEY (person_id, number_index)
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
CREATE TABLE own_file (
	id CHAR(32) NOT NULL,
	user_id VARCHAR NOT NULL,
	person_id CHAR(32) NOT NULL,
	relation VARCHAR NOT NULL,
	organisation VARCHAR NOT NULL,
	location_pcode VARCHAR NOT NULL,
	flagged_by VARCHAR NOT NULL,
	flagged_at DATETIME NOT NULL,
	CONSTRAINT pk_own_file PRIMARY KEY (id),
	CONSTRAINT uq_own_file_user_id_person_id UNIQUE (user_id, person_id)
);
CREATE TABLE "person" (
	id CHAR(32) NOT NULL,
	case_number VARCHAR NOT NULL,
	organisation VARCHAR NOT NULL,
	external_id VARCHAR NOT NULL,
	given_name VARCHAR,
	father_name VARCHAR,
	grandfather_name VARCHAR,
	family_name VARCHAR,
	sex VARCHAR NOT NULL,
	birth_date VARCHAR,
	birth_date_precision VARCHAR NOT NULL,
	nationality VARCHAR NOT NULL,
	population_category VARCHAR NOT NULL,
	location_pcode VARCHAR NOT NULL,
	household_ref VARCHAR,
	relationship_to_head VARCHAR,
	registered_on DATE NOT NULL,
	consent JSON,
	departed_on DATE,
	fingerprint VARCHAR NOT NULL,
	version INTEGER NOT NULL,
	created_by VARCHAR NOT NULL,
	created_at DATETIME NOT NULL,
	case_owner VARCHAR,
	phone_index BLOB,
	phone BLOB,
	documents BLOB DEFAULT (x'00') NOT NULL,
	matched_version INTEGER DEFAULT '0' NOT NULL,
	birth_date_calendar VARCHAR DEFAULT 'gregorian' NOT NULL,
	age INTEGER,
	age_to INTEGER,
	age_as_of DATE,
	merged_into CHAR(32),
	merged JSON DEFAULT '[]' NOT NULL,
	vulnerability_level VARCHAR,
	vulnerability_review_on DATE,
	no_name_because VARCHAR,
	given_name_latin VARCHAR,
	father_name_latin VARCHAR,
	grandfather_name_latin VARCHAR,
	family_name_latin VARCHAR,
	other_names JSON DEFAULT '[]' NOT NULL,
	stateless BOOLEAN,
	languages JSON DEFAULT '[]' NOT NULL,
	place_before VARCHAR,
	place_of_origin VARCHAR,
	disability BLOB,
	registration_event_id CHAR(32),
	is_enquiry BOOLEAN DEFAULT 0 NOT NULL,
	enquired_on DATE, client_id CHAR(32), other_phones BLOB,
	CONSTRAINT pk_person PRIMARY KEY (id),
	CONSTRAINT uq_person_case_number UNIQUE (case_number),
	CONSTRAINT uq_person_organisation_external_id UNIQUE (organisation, external_id)
);
CREATE TABLE place (
	pcode VARCHAR NOT NULL,
	level INTEGER NOT NULL,
	parent_pcode VARCHAR,
	version INTEGER NOT NULL,
	CONSTRAINT pk_place PRIMARY KEY (pcode)
);
CREATE TABLE position (
	type VARCHAR NOT NULL,
	subject VARCHAR NOT NULL,
	sequence BIGINT NOT NULL,
	CONSTRAINT pk_position PRIMARY KEY (type, subject)
);
CREATE TABLE referral (
	id CHAR(32) NOT NULL,
	person_id CHAR(32) NOT NULL,
	service VARCHAR NOT NULL,
	worker_id VARCHAR,
	facility_pcode VARCHAR,
	opened_by VARCHAR NOT NULL,
	opened_at DATETIME NOT NULL,
	closed_by VARCHAR,
	closed_at DATETIME,
	CONSTRAINT fk_referral_person_id_person FOREIGN KEY(person_id) REFERENCES person (id),
	CONSTRAINT pk_referral PRIMARY KEY (id)
);
CREATE TABLE registration_event (
	id CHAR(32) NOT NULL,
	organisation VARCHAR NOT NULL,
	context VARCHAR NOT NULL,
	place_pcode VARCHAR NOT NULL,
	site_name VARCHAR,
	held_on DATE NOT NULL,
	enumerator VARCHAR NOT NULL,
	interpreter VARCHAR,
	language VARCHAR,
	device VARCHAR,
	form_version VARCHAR,
	version INTEGER NOT NULL,
	created_by VARCHAR NOT NULL,
	created_at DATETIME NOT NULL, client_id CHAR(32), fingerprint VARCHAR,
	CONSTRAINT pk_registration_event PRIMARY KEY (id)
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
CREATE TABLE retention_run (
	id CHAR(32) NOT NULL,
	as_of DATE NOT NULL,
	policy_version INTEGER NOT NULL,
	due INTEGER NOT NULL,
	held INTEGER NOT NULL,
	erased INTEGER NOT NULL,
	status VARCHAR NOT NULL,
	requested_by VARCHAR NOT NULL,
	decided_by VARCHAR,
	created_at DATETIME NOT NULL,
	finished_at DATETIME, notes_due INTEGER DEFAULT '0' NOT NULL, notes_held INTEGER DEFAULT '0' NOT NULL, notes_erased INTEGER DEFAULT '0' NOT NULL,
	CONSTRAINT pk_retention_run PRIMARY KEY (id),
	CONSTRAINT uq_retention_run_as_of UNIQUE (as_of)
);
CREATE TABLE search (
	id CHAR(32) NOT NULL,
	searched_by VARCHAR NOT NULL,
	organisation VARCHAR NOT NULL,
	attributes VARCHAR NOT NULL,
	terms_hash VARCHAR NOT NULL,
	searched_at DATETIME NOT NULL,
	CONSTRAINT pk_search PRIMARY KEY (id)
);
CREATE TABLE service_referral (
	id CHAR(32) NOT NULL,
	person_id CHAR(32) NOT NULL,
	organisation VARCHAR NOT NULL,
	recipient VARCHAR NOT NULL,
	receiver VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	urgency VARCHAR NOT NULL,
	place_pcode VARCHAR NOT NULL,
	due_on DATE NOT NULL,
	status VARCHAR NOT NULL,
	version INTEGER NOT NULL,
	sent_by VARCHAR NOT NULL,
	sent_at DATETIME NOT NULL,
	answered_by VARCHAR,
	answered_at DATETIME,
	rejected_because VARCHAR,
	ended_by VARCHAR,
	ended_at DATETIME,
	outcome VARCHAR,
	CONSTRAINT fk_service_referral_person_id_person FOREIGN KEY(person_id) REFERENCES person (id),
	CONSTRAINT pk_service_referral PRIMARY KEY (id)
);
CREATE TABLE sharing_agreement (
	id CHAR(32) NOT NULL,
	organisation VARCHAR NOT NULL,
	reference VARCHAR NOT NULL,
	recipient VARCHAR NOT NULL,
	purposes JSON NOT NULL,
	starts_on DATE NOT NULL,
	ends_on DATE NOT NULL,
	version INTEGER NOT NULL,
	created_by VARCHAR NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT pk_sharing_agreement PRIMARY KEY (id)
);
CREATE TABLE sharing_exception (
	id CHAR(32) NOT NULL,
	person_id CHAR(32) NOT NULL,
	organisation VARCHAR NOT NULL,
	recipient VARCHAR NOT NULL,
	purpose VARCHAR NOT NULL,
	ground VARCHAR NOT NULL,
	document VARCHAR NOT NULL,
	state VARCHAR NOT NULL,
	ends_on DATE NOT NULL,
	asked_by VARCHAR NOT NULL,
	asked_at DATETIME NOT NULL,
	decided_by VARCHAR,
	decided_at DATETIME,
	version INTEGER NOT NULL,
	CONSTRAINT fk_sharing_exception_person_id_person FOREIGN KEY(person_id) REFERENCES person (id),
	CONSTRAINT pk_sharing_exception PRIMARY KEY (id)
);
CREATE TABLE subject_key (
	subject VARCHAR NOT NULL,
	wrapped BLOB NOT NULL,
	version INTEGER NOT NULL,
	made_at DATETIME NOT NULL,
	CONSTRAINT pk_subject_key PRIMARY KEY (subject)
);
CREATE TABLE subject_request (
	id CHAR(32) NOT NULL,
	person_id CHAR(32),
	organisation VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	opened_by VARCHAR NOT NULL,
	opened_at DATETIME NOT NULL,
	until DATETIME NOT NULL,
	closed_by VARCHAR,
	closed_at DATETIME,
	CONSTRAINT pk_subject_request PRIMARY KEY (id)
);
CREATE TABLE submission (
	id CHAR(32) NOT NULL,
	form_id CHAR(32) NOT NULL,
	organisation VARCHAR NOT NULL,
	uuid VARCHAR NOT NULL,
	instance VARCHAR NOT NULL,
	status VARCHAR NOT NULL,
	people INTEGER NOT NULL,
	reasons JSON NOT NULL,
	fingerprint VARCHAR NOT NULL,
	received_at DATETIME NOT NULL,
	changed_at DATETIME NOT NULL, warnings JSON DEFAULT '[]' NOT NULL,
	CONSTRAINT fk_submission_form_id_intake_form FOREIGN KEY(form_id) REFERENCES intake_form (id),
	CONSTRAINT pk_submission PRIMARY KEY (id),
	CONSTRAINT uq_submission_form_id_uuid UNIQUE (form_id, uuid)
);
CREATE TABLE submitted_person (
	submission_id CHAR(32) NOT NULL,
	person_id CHAR(32) NOT NULL,
	CONSTRAINT fk_submitted_person_submission_id_submission FOREIGN KEY(submission_id) REFERENCES submission (id),
	CONSTRAINT pk_submitted_person PRIMARY KEY (submission_id, person_id)
);
CREATE TABLE tombstone (
	mark VARCHAR NOT NULL,
	erased_at DATETIME NOT NULL,
	CONSTRAINT pk_tombstone PRIMARY KEY (mark)
);
CREATE TABLE vulnerability_assessment (
	id CHAR(32) NOT NULL,
	person_id CHAR(32) NOT NULL,
	instrument VARCHAR NOT NULL,
	answers BLOB NOT NULL,
	level VARCHAR NOT NULL,
	assessed_on DATE NOT NULL,
	next_review_on DATE NOT NULL,
	assessed_by VARCHAR NOT NULL,
	recorded_at DATETIME NOT NULL,
	CONSTRAINT fk_vulnerability_assessment_person_id_person FOREIGN KEY(person_id) REFERENCES person (id),
	CONSTRAINT pk_vulnerability_assessment PRIMARY KEY (id)
);
CREATE TABLE vulnerability_change (
	id CHAR(32) NOT NULL,
	person_id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	level VARCHAR,
	because VARCHAR NOT NULL,
	assessment_id CHAR(32),
	reason BLOB,
	known_from DATE NOT NULL,
	changed_by VARCHAR NOT NULL,
	changed_at DATETIME NOT NULL, next_review_on DATE,
	CONSTRAINT fk_vulnerability_change_person_id_person FOREIGN KEY(person_id) REFERENCES person (id),
	CONSTRAINT pk_vulnerability_change PRIMARY KEY (id),
	CONSTRAINT uq_vulnerability_change_person_id_version UNIQUE (person_id, version)
);
CREATE TABLE watch_position (
	name VARCHAR NOT NULL,
	seq BIGINT NOT NULL,
	CONSTRAINT pk_watch_position PRIMARY KEY (name)
);
CREATE INDEX ix_alert_account ON alert (account);
CREATE INDEX ix_alert_person_id ON alert (person_id);
CREATE INDEX ix_alert_reviewed_at ON alert (reviewed_at);
CREATE INDEX ix_assignment_person_id ON assignment (person_id);
CREATE INDEX ix_assignment_worker_id_person_id ON assignment (worker_id, person_id);
CREATE INDEX ix_audit_entry_actor ON audit_entry (actor);
CREATE INDEX ix_breaking_broken_by ON breaking (broken_by);
CREATE INDEX ix_breaking_person_id ON breaking (person_id);
CREATE INDEX ix_concern_organisation ON concern (organisation);
CREATE INDEX ix_concern_person_id ON concern (person_id);
CREATE INDEX ix_consent_no_to_mission ON consent (person_id, version) WHERE recipient = 'mission' and purpose = 'assistance' and state <> 'given';
CREATE INDEX ix_correction_person_id ON correction (person_id);
CREATE INDEX ix_device_copy_feed_id ON device_copy (feed_id) WHERE gone = 1;
CREATE INDEX ix_device_feed_asked_at ON device_feed (asked_at);
CREATE INDEX ix_device_feed_caller ON device_feed (caller);
CREATE INDEX ix_device_household_feed_id ON device_household (feed_id) WHERE gone = 1;
CREATE INDEX ix_document_index_number_index ON document_index (number_index);
CREATE INDEX ix_document_scan_person_id ON document_scan (person_id);
CREATE INDEX ix_duplicate_pair_right_id ON duplicate_pair (right_id);
CREATE INDEX ix_duplicate_pair_status_band_id ON duplicate_pair (status, band, id);
CREATE INDEX ix_erasure_person_id ON erasure (person_id);
CREATE INDEX ix_erasure_status ON erasure (status);
CREATE INDEX ix_export_organisation_id ON export (organisation, id);
CREATE INDEX ix_export_requested_by ON export (requested_by);
CREATE INDEX ix_export_status ON export (status);
CREATE INDEX ix_exported_person_person_id ON exported_person (person_id);
CREATE INDEX ix_given_answer_given_at ON given_answer (given_at);
CREATE INDEX ix_household_alternate_person_id ON household (alternate_person_id);
CREATE INDEX ix_household_collector_person_id ON household (collector_person_id);
CREATE INDEX ix_household_joined_into ON household (joined_into);
CREATE INDEX ix_household_member_household_id_id ON household_member (household_id, id);
CREATE INDEX ix_household_member_person_id ON household_member (person_id);
CREATE INDEX ix_household_not_told ON household (id) WHERE untold;
CREATE INDEX ix_household_organisation_id ON household (organisation, id);
CREATE INDEX ix_intake_form_organisation_id ON intake_form (organisation, id);
CREATE INDEX ix_job_status ON job (status);
CREATE INDEX ix_legal_hold_person_id ON legal_hold (person_id);
CREATE INDEX ix_mapping_organisation_id ON mapping (organisation, id);
CREATE INDEX ix_matching_key_person_id ON matching_key (person_id);
CREATE INDEX ix_merge_dismissal_right_id ON merge_dismissal (right_id);
CREATE INDEX ix_merge_kept_id ON merge (kept_id);
CREATE INDEX ix_merge_merged_id ON merge (merged_id);
CREATE INDEX ix_merge_pair_id ON merge (pair_id);
CREATE INDEX ix_merge_proposal_left_id_right_id ON merge_proposal (left_id, right_id);
CREATE INDEX ix_merge_proposal_right_id ON merge_proposal (right_id);
CREATE INDEX ix_name_key_person_id ON name_key (person_id);
CREATE INDEX ix_note_person_id ON note (person_id);
CREATE INDEX ix_note_version_person_id ON note_version (person_id);
CREATE INDEX ix_other_phone_index_number_index ON other_phone_index (number_index);
CREATE INDEX ix_outbox_sent_at ON outbox (sent_at);
CREATE INDEX ix_own_file_person_id ON own_file (person_id);
CREATE INDEX ix_own_file_user_id ON own_file (user_id);
CREATE INDEX ix_person_case_owner_id ON person (case_owner, id) WHERE case_owner is not null;
CREATE INDEX ix_person_created_by_id ON person (created_by, id);
CREATE INDEX ix_person_enquiry ON person (id) WHERE is_enquiry;
CREATE INDEX ix_person_location_pcode ON person (location_pcode);
CREATE INDEX ix_person_merged_into ON person (merged_into) WHERE merged_into is not null;
CREATE INDEX ix_person_not_matched ON person (id) WHERE matched_version < version;
CREATE INDEX ix_person_organisation_id ON person (organisation, id);
CREATE INDEX ix_person_phone_index ON person (phone_index);
CREATE INDEX ix_person_registration_event_id_id ON person (registration_event_id, id) WHERE registration_event_id is not null;
CREATE INDEX ix_person_vulnerability_review_on ON person (vulnerability_review_on) WHERE vulnerability_review_on is not null;
CREATE INDEX ix_referral_facility_pcode ON referral (facility_pcode);
CREATE INDEX ix_referral_person_id ON referral (person_id);
CREATE INDEX ix_referral_worker_id ON referral (worker_id);
CREATE INDEX ix_registration_event_created_by_id ON registration_event (created_by, id);
CREATE INDEX ix_registration_event_organisation_id ON registration_event (organisation, id);
CREATE INDEX ix_search_searched_by_searched_at ON search (searched_by, searched_at);
CREATE INDEX ix_service_referral_person_id ON service_referral (person_id);
CREATE INDEX ix_service_referral_receiver_id ON service_referral (receiver, id);
CREATE INDEX ix_service_referral_status_due_on ON service_referral (status, due_on);
CREATE INDEX ix_sharing_agreement_organisation ON sharing_agreement (organisation);
CREATE INDEX ix_sharing_exception_person_id ON sharing_exception (person_id);
CREATE INDEX ix_sharing_exception_state ON sharing_exception (state);
CREATE INDEX ix_subject_key_version ON subject_key (version);
CREATE INDEX ix_subject_request_person_id ON subject_request (person_id);
CREATE INDEX ix_submission_form_id_instance ON submission (form_id, instance);
CREATE INDEX ix_submission_organisation_status_id ON submission (organisation, status, id);
CREATE INDEX ix_submitted_person_person_id ON submitted_person (person_id);
CREATE INDEX ix_vulnerability_assessment_person_id ON vulnerability_assessment (person_id);
CREATE TRIGGER audit_entry_no_delete before delete on audit_entry begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER audit_entry_no_update before update on audit_entry begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER audit_seal_no_delete before delete on audit_seal begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER audit_seal_no_update before update on audit_seal begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER audit_subject_no_delete before delete on audit_subject begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER audit_subject_only_forgotten before update on audit_subject when new.subject is not null or new.hash is not old.hash begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE UNIQUE INDEX ix_household_member_in_one_household ON household_member (person_id) WHERE until is null and kind = 'household';
CREATE UNIQUE INDEX ix_household_member_once_in_each ON household_member (household_id, person_id) WHERE until is null;
CREATE UNIQUE INDEX ix_household_organisation_client_id ON household (organisation, client_id);
CREATE UNIQUE INDEX ix_household_reference ON household (organisation, kind, household_ref) WHERE ended_on is null or joined_into is not null;
CREATE UNIQUE INDEX ix_person_organisation_client_id ON person (organisation, client_id) WHERE client_id is not null;
CREATE UNIQUE INDEX ix_registration_event_organisation_client_id ON registration_event (organisation, client_id);
CREATE UNIQUE INDEX uq_merge_proposal_open ON merge_proposal (left_id, right_id) WHERE state = 'open';
COMMIT;
