-- The book of gates: what was judged when, and what later checks compare with.

create table ops.checks (
    check_id bigint generated always as identity primary key,
    gate text not null check (gate in ('landing', 'marts')),
    run_id bigint references ops.runs (run_id) on delete set null,
    outcome text not null default 'running'
    check (outcome in ('running', 'passed', 'failed', 'accepted')),
    accepted_because text,
    as_of timestamptz not null,
    checked_at timestamptz,
    expectations int,
    failed int,
    details jsonb not null default '{}',
    check ((outcome = 'accepted') = (accepted_because is not null)),
    check ((outcome = 'running') = (checked_at is null))
);
create index on ops.checks (run_id);
create index checks_baselines on ops.checks (gate, as_of)
where outcome in ('passed', 'accepted');
comment on table ops.checks is
    'One row per check of a gate. What passed or was accepted is the baseline of the next one.';
comment on column ops.checks.check_id is 'Number of the check.';
comment on column ops.checks.gate is 'landing: what landed, before dbt. marts: what was built, after it.';
comment on column ops.checks.run_id is 'The nightly run it was part of, NULL for one by hand.';
comment on column ops.checks.outcome is
    'running, passed, failed, or accepted: it failed and an operator let it pass. One that stays running '
    'was interrupted and counts for nothing.';
comment on column ops.checks.accepted_because is 'The reason the operator gave, NULL unless accepted.';
comment on column ops.checks.as_of is
    'Database clock at the start, after the writers then in flight: the next landing check judges what '
    'landed later.';
comment on column ops.checks.checked_at is 'When it ended, by the database clock; NULL while it runs.';
comment on column ops.checks.expectations is 'How many expectations were evaluated.';
comment on column ops.checks.failed is 'How many did not hold.';
comment on column ops.checks.details is
    'failed: name, sentence and documents of each failure. shares: rows found and rows judged per share, '
    'from which the usual share is known.';

create table ops.check_measures (
    check_id bigint not null references ops.checks (check_id) on delete cascade,
    mart text not null,
    measure text not null,
    statistic text not null check (statistic in ('null_share', 'mean', 'quantile')),
    samples bigint not null,
    figure numeric,
    primary key (check_id, mart, measure)
);
comment on table ops.check_measures is 'What a check of the marts measured; later ones compare with it.';
comment on column ops.check_measures.check_id is 'The check.';
comment on column ops.check_measures.mart is 'Mart in schema analytics.';
comment on column ops.check_measures.measure is 'What was measured: column, and what of it.';
comment on column ops.check_measures.statistic is
    'null_share (percent of rows), mean or quantile (in units of the column).';
comment on column ops.check_measures.samples is 'Rows it was measured on.';
comment on column ops.check_measures.figure is 'What was measured, NULL without samples.';

create table ops.known_learners (
    user_id uuid primary key,
    check_id bigint not null
);
comment on table ops.known_learners is
    'The learners of analytics.learners at the last check of the marts that passed: none may be lost.';
comment on column ops.known_learners.user_id is 'The learner.';
comment on column ops.known_learners.check_id is 'The check that first knew the learner.';

-- Great Expectations asks for the same rows a hundred times; documents are taken apart once. Rows
-- live for the time of a check, so that a crash may lose them.
create unlogged table ops.judged_files (
    check_id bigint not null,
    kind text not null,
    source_path text collate "C" not null,
    quarantined text,
    wrong_type text,
    bad_score text,
    unscored text,
    unusable text
);
create index on ops.judged_files (check_id, kind);
comment on table ops.judged_files is
    'The files that a running check of the landing judges, and what is wrong with them; empty otherwise.';
comment on column ops.judged_files.check_id is 'The check, see ops.checks.';
comment on column ops.judged_files.kind is 'Kind of document.';
comment on column ops.judged_files.source_path is 'Path below the root of the source.';
comment on column ops.judged_files.quarantined is 'Why it is in quarantine, NULL if it landed.';
comment on column ops.judged_files.wrong_type is 'Which JSON type it is and is not to be, NULL if fine.';
comment on column ops.judged_files.bad_score is 'A score that is no number or out of its range, NULL if none.';
comment on column ops.judged_files.unscored is 'Says of a scorecard that it holds no score, else NULL.';
comment on column ops.judged_files.unusable is 'The first of quarantined, wrong_type and bad_score, NULL if usable.';
