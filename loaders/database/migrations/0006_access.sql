-- What holds for every role but the owner; who gets which right is for deploy/roles.sql to say.

-- A function finds what it calls by its caller's search_path, unless it has one. (Functions are never
-- looked up in pg_temp, which need not be put last here.)
alter function raw.landing_time() set search_path = pg_catalog;
revoke execute on function raw.landing_time() from public;

-- Files are the loader's, who owns the table and is not asked. Whoever else may write writes for
-- the application, and cannot pass a document off as a file's. Reading is a matter of grants.
alter table raw.documents enable row level security;
create policy reads_what_is_granted on raw.documents for select using (true);
-- It writes now, under the key that the path holds: builds read by time and by key, and a row that
-- none of them can place would fail every one. What was replaced was replaced now, and stays so:
-- prune believes that date.
create policy writes_as_the_app on raw.documents for insert with check (
    origin = 'app'
    and superseded_at is null
    and landed_at between transaction_timestamp() and clock_timestamp()
    and position(case kind when 'user_history' then user_key else session_key end in source_path) > 0
);
create policy supersedes on raw.documents for update
using (superseded_at is null)
with check (superseded_at between transaction_timestamp() and clock_timestamp());

insert into ops.role_learners (role_name, sees_all) values ('pulse_auditor', true);
