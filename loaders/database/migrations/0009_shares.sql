-- A new share of files is an entry in config/expectations/landing.json, not a column here.

-- What interrupted checks left.
truncate ops.judged_files;
alter table ops.judged_files
drop column quarantined,
drop column wrong_type,
drop column bad_score,
drop column unscored,
drop column unusable,
add column reasons jsonb not null;
comment on column ops.judged_files.reasons is 'Why it is bad, by share; without what is fine.';
