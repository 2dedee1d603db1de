BEGIN TRANSACTION;
CREATE TABLE agreement_copy (
	id CHAR(32) NOT NULL,
	organisation VARCHAR NOT NULL,
	recipient VARCHAR NOT NULL,
	purposes JSON NOT NULL,
	starts_on DATE NOT NULL,
	ends_on DATE NOT NULL,
	version INTEGER NOT NULL,
	CONSTRAINT pk_agreement_copy PRIMARY KEY (id)
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0014');
CREATE TABLE assignment (
	id CHAR(32) NOT NULL,
	person_id CHAR(32) NOT NULL,
	worker_id VARCHAR NOT NULL,
	ended BOOLEAN NOT NULL,
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
CREATE TABLE consent_copy (
	person_id CHAR(32) NOT NULL,
	recipient VARCHAR NOT NULL,
	purpose VARCHAR NOT NULL,
	state VARCHAR NOT NULL,
	version INTEGER NOT NULL,
	expires_on DATE,
	CONSTRAINT pk_consent_copy PRIMARY KEY (person_id, recipient, purpose)
);
CREATE TABLE consent_stream (
	id INTEGER NOT NULL,
	told_until DATETIME NOT NULL,
	CONSTRAINT pk_consent_stream PRIMARY KEY (id)
);
CREATE TABLE dead_letter (
	id CHAR(32) NOT NULL,
	body BLOB NOT NULL,
	reason VARCHAR NOT NULL,
	received_at DATETIME NOT NULL,
	CONSTRAINT pk_dead_letter PRIMARY KEY (id)
);
CREATE TABLE denial_position (
	name VARCHAR NOT NULL,
	seq BIGINT NOT NULL,
	following BIGINT NOT NULL,
	CONSTRAINT pk_denial_position PRIMARY KEY (name)
);
CREATE TABLE "distribution" (
	id CHAR(32) NOT NULL,
	entitlement_id CHAR(32) NOT NULL,
	programme_id CHAR(32) NOT NULL,
	person_id CHAR(32),
	organisation VARCHAR NOT NULL,
	delivered_on DATE NOT NULL,
	delivered_by VARCHAR NOT NULL,
	recorded_at DATETIME NOT NULL, household_id CHAR(32), collected_by CHAR(32),
	CONSTRAINT fk_distribution_entitlement_id_entitlement FOREIGN KEY(entitlement_id) REFERENCES entitlement (id),
	CONSTRAINT pk_distribution PRIMARY KEY (id),
	CONSTRAINT uq_distribution_entitlement_id UNIQUE (entitlement_id)
);
CREATE TABLE "entitlement" (
	id CHAR(32) NOT NULL,
	programme_id CHAR(32) NOT NULL,
	person_id CHAR(32),
	status VARCHAR NOT NULL,
	closed_because VARCHAR,
	version INTEGER NOT NULL,
	opened_at DATETIME NOT NULL,
	household_id CHAR(32),
	CONSTRAINT fk_entitlement_programme_id_programme FOREIGN KEY(programme_id) REFERENCES programme (id),
	CONSTRAINT pk_entitlement PRIMARY KEY (id)
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
CREATE TABLE exception_copy (
	id CHAR(32) NOT NULL,
	person_id CHAR(32) NOT NULL,
	recipient VARCHAR NOT NULL,
	purpose VARCHAR NOT NULL,
	state VARCHAR NOT NULL,
	ends_on DATE NOT NULL,
	version INTEGER NOT NULL,
	CONSTRAINT pk_exception_copy PRIMARY KEY (id)
);
CREATE TABLE file_request (
	request_id CHAR(32) NOT NULL,
	person_id CHAR(32) NOT NULL,
	until DATETIME NOT NULL,
	closed BOOLEAN NOT NULL,
	CONSTRAINT pk_file_request PRIMARY KEY (request_id)
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
CREATE TABLE household (
	id CHAR(32) NOT NULL,
	version INTEGER NOT NULL,
	kind VARCHAR NOT NULL,
	organisation VARCHAR NOT NULL,
	location_pcode VARCHAR NOT NULL,
	head_person_id CHAR(32),
	collector_person_id CHAR(32),
	alternate_person_id CHAR(32),
	size INTEGER NOT NULL,
	ended_on DATE,
	joined_into CHAR(32),
	CONSTRAINT pk_household PRIMARY KEY (id)
);
CREATE TABLE household_member (
	household_id CHAR(32) NOT NULL,
	person_id CHAR(32) NOT NULL,
	CONSTRAINT pk_household_member PRIMARY KEY (household_id, person_id)
);
CREATE TABLE inbox (
	event_id CHAR(32) NOT NULL,
	received_at DATETIME NOT NULL,
	CONSTRAINT pk_inbox PRIMARY KEY (event_id)
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
CREATE TABLE "person" (
	id CHAR(32) NOT NULL,
	population_category VARCHAR,
	location_pcode VARCHAR,
	registered_on DATE,
	departed_on DATE,
	version INTEGER NOT NULL, organisation VARCHAR, registered_by VARCHAR, case_owner VARCHAR, merged_into CHAR(32), merge_version INTEGER DEFAULT '0' NOT NULL,
	CONSTRAINT pk_person PRIMARY KEY (id)
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
CREATE TABLE programme (
	id CHAR(32) NOT NULL,
	organisation VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	donor VARCHAR NOT NULL,
	starts_on DATE NOT NULL,
	ends_on DATE NOT NULL,
	population_categories JSON NOT NULL,
	places JSON NOT NULL,
	item_name VARCHAR NOT NULL,
	item_quantity INTEGER NOT NULL,
	item_unit VARCHAR NOT NULL,
	version INTEGER NOT NULL,
	created_by VARCHAR NOT NULL,
	created_at DATETIME NOT NULL, item_per VARCHAR DEFAULT 'person' NOT NULL,
	CONSTRAINT pk_programme PRIMARY KEY (id),
	CONSTRAINT uq_programme_organisation_name UNIQUE (organisation, name)
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
CREATE TABLE served (
	programme_id CHAR(32) NOT NULL,
	person_id CHAR(32) NOT NULL,
	entitlement_id CHAR(32) NOT NULL,
	CONSTRAINT fk_served_entitlement_id_entitlement FOREIGN KEY(entitlement_id) REFERENCES entitlement (id),
	CONSTRAINT pk_served PRIMARY KEY (programme_id, person_id)
);
CREATE TABLE share (
	id CHAR(32) NOT NULL,
	organisation VARCHAR NOT NULL,
	person_id CHAR(32) NOT NULL,
	about CHAR(32) NOT NULL,
	recipient VARCHAR NOT NULL,
	purpose VARCHAR NOT NULL,
	agreement_id CHAR(32) NOT NULL,
	exception_id CHAR(32),
	state VARCHAR NOT NULL,
	reason VARCHAR,
	requested_by VARCHAR NOT NULL,
	requested_at DATETIME NOT NULL,
	sent_at DATETIME,
	ended_at DATETIME,
	confirm_until DATETIME,
	CONSTRAINT pk_share PRIMARY KEY (id)
);
CREATE TABLE share_step (
	id CHAR(32) NOT NULL,
	share_id CHAR(32) NOT NULL,
	at DATETIME NOT NULL,
	what VARCHAR NOT NULL,
	"by" VARCHAR NOT NULL,
	reason VARCHAR,
	consent_version INTEGER,
	CONSTRAINT pk_share_step PRIMARY KEY (id)
);
CREATE TABLE subject_key (
	subject VARCHAR NOT NULL,
	wrapped BLOB NOT NULL,
	version INTEGER NOT NULL,
	made_at DATETIME NOT NULL,
	CONSTRAINT pk_subject_key PRIMARY KEY (subject)
);
CREATE TABLE tombstone (
	mark VARCHAR NOT NULL,
	erased_at DATETIME NOT NULL,
	CONSTRAINT pk_tombstone PRIMARY KEY (mark)
);
CREATE INDEX ix_assignment_worker_id_person_id ON assignment (worker_id, person_id);
CREATE INDEX ix_audit_entry_actor ON audit_entry (actor);
CREATE INDEX ix_distribution_collected_by ON distribution (collected_by);
CREATE INDEX ix_distribution_household_id ON distribution (household_id);
CREATE INDEX ix_distribution_person_id ON distribution (person_id);
CREATE INDEX ix_distribution_programme_id ON distribution (programme_id);
CREATE INDEX ix_entitlement_household_id ON entitlement (household_id);
CREATE INDEX ix_entitlement_person_id ON entitlement (person_id);
CREATE INDEX ix_entitlement_programme_id ON entitlement (programme_id);
CREATE INDEX ix_entitlement_status ON entitlement (status);
CREATE INDEX ix_exception_copy_person_id ON exception_copy (person_id);
CREATE INDEX ix_file_request_person_id ON file_request (person_id);
CREATE INDEX ix_given_answer_given_at ON given_answer (given_at);
CREATE INDEX ix_household_alternate_person_id ON household (alternate_person_id);
CREATE INDEX ix_household_collector_person_id ON household (collector_person_id);
CREATE INDEX ix_household_head_person_id ON household (head_person_id);
CREATE INDEX ix_household_member_person_id ON household_member (person_id);
CREATE INDEX ix_job_status ON job (status);
CREATE INDEX ix_outbox_sent_at ON outbox (sent_at);
CREATE INDEX ix_person_case_owner ON person (case_owner);
CREATE INDEX ix_person_location_pcode ON person (location_pcode);
CREATE INDEX ix_person_merged_into ON person (merged_into);
CREATE INDEX ix_programme_ends_on ON programme (ends_on);
CREATE INDEX ix_served_entitlement_id ON served (entitlement_id);
CREATE INDEX ix_served_person_id ON served (person_id);
CREATE INDEX ix_share_organisation ON share (organisation);
CREATE INDEX ix_share_person_id ON share (person_id);
CREATE INDEX ix_share_recipient ON share (recipient);
CREATE INDEX ix_share_state ON share (state);
CREATE INDEX ix_share_step_share_id ON share_step (share_id);
CREATE INDEX ix_subject_key_version ON subject_key (version);
CREATE TRIGGER audit_entry_no_delete before delete on audit_entry begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER audit_entry_no_update before update on audit_entry begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER audit_seal_no_delete before delete on audit_seal begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER audit_seal_no_update before update on audit_seal begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER audit_subject_no_delete before delete on audit_subject begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER audit_subject_only_forgotten before update on audit_subject when new.subject is not null or new.hash is not old.hash begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE UNIQUE INDEX uq_entitlement_programme_id_household_id ON entitlement (programme_id, household_id);
CREATE UNIQUE INDEX uq_entitlement_programme_id_person_id ON entitlement (programme_id, person_id) WHERE household_id IS NULL;
COMMIT;
