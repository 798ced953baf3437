-- What holds for every role but the owner; who gets which right is for deploy/roles.sql to say.

-- A function runs with the rights of whoever calls it, and finds what it calls by his search_path.
alter function raw.landing_time() set search_path = pg_catalog, pg_temp;
revoke execute on function raw.landing_time() from public;

-- Files are the loader's, who owns the table and is not asked. Whoever else may write writes for
-- the application, and cannot pass a document off as a file's. Reading is a matter of grants.
alter table raw.documents enable row level security;
create policy reads_what_is_granted on raw.documents for select using (true);
create policy writes_as_the_app on raw.documents for insert with check (origin = 'app');
create policy supersedes on raw.documents for update using (true);

insert into ops.role_learners (role_name, sees_all) values ('pulse_auditor', true);
