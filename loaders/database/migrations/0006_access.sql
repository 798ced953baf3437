-- What holds for every role but the owner; who gets which right is for deploy/roles.sql to say.

-- A function finds what it calls by its caller's search_path, unless it has one. (Functions are never
-- looked up in pg_temp, which need not be put last here.)
alter function raw.landing_time() set search_path = pg_catalog;
revoke execute on function raw.landing_time() from public;

-- Files are the loader's, who owns the table and is not asked. Whoever else may write writes for
-- the application, and cannot pass a document off as a file's. Reading is a matter of grants.
alter table raw.documents enable row level security;
create policy reads_what_is_granted on raw.documents for select using (true);
create policy writes_as_the_app on raw.documents for insert with check (origin = 'app');
create policy supersedes on raw.documents for update using (true);

insert into ops.role_learners (role_name, sees_all) values ('pulse_auditor', true);
