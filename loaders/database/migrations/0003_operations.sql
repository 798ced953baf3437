-- The book of nightly runs, and who may see which learners.

create schema if not exists ops;
comment on schema ops is
    'Operations of pulse-elt: nightly runs, their stages and results, and what BI roles may see.';

create table ops.runs (
    run_id bigint generated always as identity primary key,
    source text not null,
    options jsonb not null default '{}',
    version text not null,
    resumes_run_id bigint references ops.runs (run_id) on delete set null,
    status text not null default 'running'
    check (status in ('running', 'succeeded', 'with_findings', 'stopped', 'failed')),
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    exit_code int,
    is_trusted boolean not null default false,
    summary text,
    check ((status = 'running') = (finished_at is null))
);
create index on ops.runs (resumes_run_id);
comment on table ops.runs is 'One row per nightly run: load, gates and build as one job.';
comment on column ops.runs.run_id is 'Number of the run.';
comment on column ops.runs.source is 'Where the documents came from, without credentials.';
comment on column ops.runs.options is 'What the operator asked for besides: root.';
comment on column ops.runs.version is 'Version of pulse-elt.';
comment on column ops.runs.resumes_run_id is 'The run whose finished stages this one did not repeat, else NULL.';
comment on column ops.runs.status is
    'running; succeeded; with_findings (marts are new, something is to be looked at); stopped (a gate '
    'kept the marts of the night before); failed. A run killed outright is marked failed by the next.';
comment on column ops.runs.started_at is 'Start, by the database clock.';
comment on column ops.runs.finished_at is 'End, by the database clock; NULL while it runs.';
comment on column ops.runs.exit_code is 'Exit code of the command.';
comment on column ops.runs.is_trusted is
    'Whether the marts are new and every gate, test and check held; a file newly quarantined is no distrust.';
comment on column ops.runs.summary is 'What became of it, in one sentence.';

create table ops.run_stages (
    run_id bigint not null references ops.runs (run_id) on delete cascade,
    stage text not null check (stage in ('migrate', 'load', 'landing_gate', 'build', 'mart_checks')),
    status text not null default 'running'
    check (status in ('running', 'succeeded', 'with_findings', 'failed', 'left_out')),
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    attempts int not null default 1,
    load_id bigint,
    counts jsonb not null default '{}',
    message text,
    primary key (run_id, stage),
    check ((status = 'running') = (finished_at is null))
);
comment on table ops.run_stages is 'One row per stage that a run began or left out.';
comment on column ops.run_stages.run_id is 'The run.';
comment on column ops.run_stages.stage is 'migrate, load, landing_gate, build or mart_checks, in this order.';
comment on column ops.run_stages.status is
    'running, succeeded, with_findings, failed, or left_out: the resumed run had done it. What depends '
    'on a failed stage has no row.';
comment on column ops.run_stages.started_at is 'Start of the first attempt, by the database clock.';
comment on column ops.run_stages.finished_at is 'End of the last attempt, by the database clock.';
comment on column ops.run_stages.attempts is 'Attempts it took while the database was away.';
comment on column ops.run_stages.load_id is 'The load of stage load, see raw.loads; NULL for a load that changed nothing.';
comment on column ops.run_stages.counts is 'What the stage counted: documents, nodes, expectations.';
comment on column ops.run_stages.message is 'Why it failed, or what it found.';

create table ops.dbt_results (
    run_id bigint not null references ops.runs (run_id) on delete cascade,
    node_id text not null,
    resource_type text not null,
    status text not null,
    seconds numeric(10, 3) not null,
    rows_affected bigint,
    failures bigint,
    message text,
    primary key (run_id, node_id)
);
comment on table ops.dbt_results is 'What dbt said of each model, seed and test of a run.';
comment on column ops.dbt_results.run_id is 'The run.';
comment on column ops.dbt_results.node_id is 'dbt''s unique name of the node.';
comment on column ops.dbt_results.resource_type is 'model, seed, test or unit_test.';
comment on column ops.dbt_results.status is 'success, pass, fail, error, warn or skipped.';
comment on column ops.dbt_results.seconds is 'Time inside the node.';
comment on column ops.dbt_results.rows_affected is 'Rows the model or seed wrote; NULL for tests and where dbt does not say.';
comment on column ops.dbt_results.failures is 'Rows a test found; NULL for models and seeds.';
comment on column ops.dbt_results.message is 'dbt''s message of a node that failed.';

create table ops.role_learners (
    role_name name not null,
    user_id uuid,
    sees_all boolean not null default false,
    unique nulls not distinct (role_name, user_id),
    check (sees_all = (user_id is null))
);
comment on table ops.role_learners is
    'Whose rows a role sees in schema reporting. A role that is not listed, itself or by a role it is '
    'in, sees none.';
comment on column ops.role_learners.role_name is 'A login or group role.';
comment on column ops.role_learners.user_id is 'A learner the role may see; NULL where it sees all.';
comment on column ops.role_learners.sees_all is 'Whether the role sees every learner, and sessions without one.';
