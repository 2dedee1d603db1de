BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0012');
CREATE TABLE assignment (
	id CHAR(32) NOT NULL,
	holder VARCHAR NOT NULL,
	role VARCHAR NOT NULL,
	organisation VARCHAR NOT NULL,
	places JSON NOT NULL,
	programmes JSON NOT NULL,
	until DATETIME,
	asked_by VARCHAR,
	asked_at DATETIME NOT NULL,
	approved_by VARCHAR,
	approved_at DATETIME,
	ended_by VARCHAR,
	ended_at DATETIME,
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
CREATE TABLE "client" (
	id CHAR(32) NOT NULL,
	client_id VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	secret_hash VARCHAR NOT NULL,
	organisation VARCHAR NOT NULL,
	created_at DATETIME NOT NULL,
	revoked_at DATETIME, owner VARCHAR, old_secret_hash VARCHAR, old_secret_until DATETIME, addresses JSON DEFAULT '[]' NOT NULL, expires_at DATETIME, daily_requests INTEGER, requests_per_minute INTEGER, refused_at DATETIME, refused_because VARCHAR,
	CONSTRAINT pk_client PRIMARY KEY (id),
	CONSTRAINT uq_client_client_id UNIQUE (client_id)
);
CREATE TABLE client_use (
	client_id VARCHAR NOT NULL,
	day VARCHAR NOT NULL,
	requests BIGINT NOT NULL,
	CONSTRAINT pk_client_use PRIMARY KEY (client_id, day)
);
CREATE TABLE dead_letter (
	id CHAR(32) NOT NULL,
	body BLOB NOT NULL,
	reason VARCHAR NOT NULL,
	received_at DATETIME NOT NULL,
	CONSTRAINT pk_dead_letter PRIMARY KEY (id)
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
CREATE TABLE freeze (
	account VARCHAR NOT NULL,
	frozen_at DATETIME,
	released_at DATETIME,
	CONSTRAINT pk_freeze PRIMARY KEY (account)
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
CREATE TABLE organisation (
	id CHAR(32) NOT NULL,
	code VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT pk_organisation PRIMARY KEY (id),
	CONSTRAINT uq_organisation_code UNIQUE (code)
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
CREATE TABLE position (
	type VARCHAR NOT NULL,
	subject VARCHAR NOT NULL,
	sequence BIGINT NOT NULL,
	CONSTRAINT pk_position PRIMARY KEY (type, subject)
);
CREATE TABLE refresh_token (
	secret_hash VARCHAR NOT NULL,
	session_id CHAR(32) NOT NULL,
	until DATETIME NOT NULL,
	used_at DATETIME,
	CONSTRAINT pk_refresh_token PRIMARY KEY (secret_hash)
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
CREATE TABLE revocation (
	name VARCHAR NOT NULL,
	"before" DATETIME NOT NULL,
	forget_at DATETIME NOT NULL,
	CONSTRAINT pk_revocation PRIMARY KEY (name)
);
CREATE TABLE sharing_agreement (
	id CHAR(32) NOT NULL,
	reference VARCHAR NOT NULL,
	giver VARCHAR NOT NULL,
	reader VARCHAR NOT NULL,
	places JSON NOT NULL,
	until DATETIME NOT NULL,
	asked_by VARCHAR NOT NULL,
	asked_at DATETIME NOT NULL,
	approved_by VARCHAR,
	approved_at DATETIME,
	ended_by VARCHAR,
	ended_at DATETIME,
	CONSTRAINT pk_sharing_agreement PRIMARY KEY (id)
);
CREATE TABLE staff (
	id CHAR(32) NOT NULL,
	subject VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	full_name VARCHAR NOT NULL,
	organisation VARCHAR NOT NULL,
	password_hash VARCHAR,
	code_secret BLOB,
	code_used BIGINT NOT NULL,
	failures INTEGER NOT NULL,
	locked_until DATETIME,
	invitation_hash VARCHAR,
	invitation_until DATETIME,
	created_at DATETIME NOT NULL,
	closed_at DATETIME,
	CONSTRAINT pk_staff PRIMARY KEY (id),
	CONSTRAINT uq_staff_invitation_hash UNIQUE (invitation_hash),
	CONSTRAINT uq_staff_name UNIQUE (name),
	CONSTRAINT uq_staff_subject UNIQUE (subject)
);
CREATE TABLE staff_session (
	id CHAR(32) NOT NULL,
	holder VARCHAR NOT NULL,
	organisation VARCHAR NOT NULL,
	methods JSON NOT NULL,
	started_at DATETIME NOT NULL,
	authenticated_at DATETIME NOT NULL,
	until DATETIME NOT NULL,
	ended_at DATETIME,
	ended_because VARCHAR,
	CONSTRAINT pk_staff_session PRIMARY KEY (id)
);
CREATE TABLE subject_key (
	subject VARCHAR NOT NULL,
	wrapped BLOB NOT NULL,
	version INTEGER NOT NULL,
	made_at DATETIME NOT NULL,
	CONSTRAINT pk_subject_key PRIMARY KEY (subject)
);
CREATE TABLE subscription_key (
	key_hash VARCHAR NOT NULL,
	client CHAR(32) NOT NULL,
	made_at DATETIME NOT NULL,
	CONSTRAINT pk_subscription_key PRIMARY KEY (key_hash)
);
CREATE TABLE tally (
	name VARCHAR NOT NULL,
	tries BIGINT NOT NULL,
	ends_at DATETIME NOT NULL,
	CONSTRAINT pk_tally PRIMARY KEY (name)
);
CREATE TABLE tombstone (
	mark VARCHAR NOT NULL,
	erased_at DATETIME NOT NULL,
	CONSTRAINT pk_tombstone PRIMARY KEY (mark)
);
CREATE INDEX ix_assignment_holder ON assignment (holder);
CREATE INDEX ix_audit_entry_actor ON audit_entry (actor);
CREATE INDEX ix_given_answer_given_at ON given_answer (given_at);
CREATE INDEX ix_job_status ON job (status);
CREATE INDEX ix_outbox_sent_at ON outbox (sent_at);
CREATE INDEX ix_refresh_token_session_id ON refresh_token (session_id);
CREATE INDEX ix_revocation_forget_at ON revocation (forget_at);
CREATE INDEX ix_sharing_agreement_reader ON sharing_agreement (reader);
CREATE INDEX ix_staff_session_holder ON staff_session (holder);
CREATE INDEX ix_subject_key_version ON subject_key (version);
CREATE INDEX ix_subscription_key_client ON subscription_key (client);
CREATE INDEX ix_tally_ends_at ON tally (ends_at);
CREATE TRIGGER audit_entry_no_delete before delete on audit_entry begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER audit_entry_no_update before update on audit_entry begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER audit_seal_no_delete before delete on audit_seal begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER audit_seal_no_update before update on audit_seal begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER audit_subject_no_delete before delete on audit_subject begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
CREATE TRIGGER audit_subject_only_forgotten before update on audit_subject when new.subject is not null or new.hash is not old.hash begin select raise(abort, 'entries and seals of the audit are only ever added'); end;
COMMIT;
