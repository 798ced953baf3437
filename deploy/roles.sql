-- Five group roles, and their rights in this database (docs/security.md).
--
--   psql -v ON_ERROR_STOP=1 -f deploy/roles.sql      or      pulse-elt db roles
--
-- Run it as a superuser, or as the owner of the database with CREATEROLE (not needed once the roles
-- exist), who becomes a member of the two roles that own schemas; the roles themselves are neither.
-- Running it again changes nothing, or repairs what was changed. `pulse-elt db roles` also migrates;
-- by hand, run this again after 'pulse-elt db migrate' on a new database. Rights are granted in this
-- database only; the roles belong to the server and may be used in several.

begin;
set local search_path = pg_catalog, pg_temp;

do $$
begin
    -- Two concurrent runs would conflict in the catalogue. This is the lock of migrations, which
    -- create what is granted here.
    perform pg_advisory_xact_lock(x'70756c73'::int, 3);
    if not exists (
        select from pg_roles
        where
            rolname = current_user
            and (
                rolsuper
                or (
                    exists (
                        select from pg_database
                        where datname = current_database() and pg_has_role(datdba, 'USAGE')
                    )
                    and (
                        rolcreaterole
                        or not exists (
                            select
                            from unnest(array[
                                'pulse_loader', 'pulse_transformer', 'pulse_app', 'pulse_reader',
                                'pulse_auditor'
                            ]) as ours (name)
                            where to_regrole(ours.name) is null
                        )
                    )
                )
            )
    ) then
        raise exception using
            errcode = 'insufficient_privilege',
            message = format(
                '%s is neither a superuser nor the owner of the database with CREATEROLE.', current_user
            ),
            hint = 'Connect as one of them.';
    end if;
end
$$;

-- The roles. None can log in: an operator creates logins, and grants them a role.
do $$
declare
    wanted record;
begin
    for wanted in
        select *
        from (values
            ('pulse_loader', 'pulse-elt: loads files. Owns schemas raw and ops, reads nothing else.'),
            ('pulse_transformer', 'pulse-elt: builds with dbt. Reads raw and ops, owns staging to reporting.'),
            ('pulse_app', 'pulse-elt: the application. Writes documents by raw.write_document, reads readiness.'),
            ('pulse_reader', 'pulse-elt: BI. Reads schema reporting and nothing else.'),
            ('pulse_auditor', 'pulse-elt: reads all of it, writes nothing.')
        ) as roles (name, purpose)
    loop
        if exists (select from pg_roles where rolname = wanted.name) then
            raise notice 'kept role %', wanted.name;
            if exists (
                select from pg_roles
                where
                    rolname = wanted.name
                    and (rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication)
            ) then
                raise exception 'role % can do more than a role of pulse-elt may', wanted.name
                using hint = 'Take SUPERUSER, CREATEROLE, CREATEDB, BYPASSRLS and REPLICATION from it.';
            end if;
        else
            execute format('create role %I nologin', wanted.name);
            execute format('comment on role %I is %L', wanted.name, wanted.purpose);
            raise notice 'created role %', wanted.name;
        end if;
    end loop;
    -- Only a member may transfer ownership to a role, or alter its default privileges.
    for wanted in
        select name from unnest(array['pulse_loader', 'pulse_transformer']) as owners (name)
    loop
        if not pg_has_role(current_user, wanted.name, 'SET')
            or not pg_has_role(current_user, wanted.name, 'USAGE') then
            if not pg_has_role(current_user, wanted.name, 'MEMBER WITH ADMIN OPTION') then
                raise exception '% was made by somebody else, and % may not grant it', wanted.name, current_user
                using hint = format(
                    'A superuser, or the creator of the roles, has to: grant pulse_loader, pulse_transformer, '
                    'pulse_app, pulse_reader, pulse_auditor to %I with admin option;', current_user
                );
            end if;
            execute format('grant %I to %I with inherit true, set true', wanted.name, current_user);
            raise notice 'made % a member of %', current_user, wanted.name;
        end if;
    end loop;
end
$$;

-- Our relations carry the marker, or are in the registry of what builds made, which survives a dump
-- without comments.
create temporary table pulse_elt_ours on commit drop as
select oid
from pg_class
where obj_description(oid, 'pg_class') like '%[pulse-elt]';
do $$
begin
    if (
        case
            when has_schema_privilege(to_regnamespace('staging'), 'usage')
                then has_table_privilege(to_regclass('staging.standing_relations'), 'select')
        end
    ) then
        insert into pg_temp.pulse_elt_ours
        select to_regclass(format('%I.%I', schema_name, relation_name))
        from staging.standing_relations
        where to_regclass(format('%I.%I', schema_name, relation_name)) is not null;
    end if;
end
$$;

-- The schemas and their contents belong to the role that writes them.
do $$
declare
    wanted record;
    found record;
begin
    -- The guard of migrations and builds, once more: other applications' tables keep their owner.
    select string_agg(format('%I.%I', nspname, relname), ', ' order by nspname, relname) as names
    into found
    from pg_class
    inner join pg_namespace on pg_class.relnamespace = pg_namespace.oid
    where
        relkind in ('r', 'p', 'v', 'm', 'f')
        and (
            (nspname = 'analytics' and pg_class.oid not in (select ours.oid from pg_temp.pulse_elt_ours as ours))
            or (nspname in ('raw', 'ops') and to_regclass('raw.schema_migrations') is null)
        );
    if found.names is not null then
        raise exception 'the schemas of pulse-elt hold foreign relations: %', found.names
        using hint = 'Nothing was changed. Use another database, or move that to another schema first.';
    end if;

    for wanted in
        select *
        from (values
            ('raw', 'pulse_loader'),
            ('ops', 'pulse_loader'),
            ('staging', 'pulse_transformer'),
            ('intermediate', 'pulse_transformer'),
            ('analytics', 'pulse_transformer'),
            ('reporting', 'pulse_transformer'),
            ('test_failures', 'pulse_transformer'),
            -- What analysts add (dbt_project.yml).
            ('own', 'pulse_transformer')
        ) as schemas (name, owner)
    loop
        if to_regnamespace(wanted.name) is null then
            execute format('create schema %I authorization %I', wanted.name, wanted.owner);
            raise notice 'created schema %', wanted.name;
        end if;
        execute format('revoke all on schema %I from public', wanted.name);
        for found in
            -- First: only who may create in a schema can be given a table there.
            select 'schema' as sort, format('%I', nspname) as name
            from pg_namespace
            where nspname = wanted.name and nspowner <> to_regrole(wanted.owner)
            union all
            select
                case relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end,
                format('%I.%I', wanted.name, relname)
            from pg_class
            where
                relnamespace = to_regnamespace(wanted.name)
                and relkind in ('r', 'p', 'v', 'm')
                and relowner <> to_regrole(wanted.owner)
                -- In staging and reporting users may have views of their own.
                and (
                    wanted.name in ('raw', 'ops')
                    or pg_class.oid in (select ours.oid from pg_temp.pulse_elt_ours as ours)
                )
            union all
            select 'function', proc.oid::regprocedure::text
            from pg_proc as proc
            where
                pronamespace = to_regnamespace(wanted.name)
                and proowner <> to_regrole(wanted.owner)
                and (wanted.name in ('raw', 'ops') or proname = 'note_touch')
        loop
            execute format('alter %s %s owner to %I', found.sort, found.name, wanted.owner);
            raise notice 'gave % % to %', found.sort, found.name, wanted.owner;
        end loop;
    end loop;
end
$$;

-- Restrictive policies, such as those that take a kind from the application, need one that permits.
do $$
begin
    if to_regclass('raw.documents') is not null then
        alter table raw.documents enable row level security;
        if not exists (
            select from pg_policy
            where polrelid = 'raw.documents'::regclass and polname = 'reads_what_is_granted'
        ) then
            create policy reads_what_is_granted on raw.documents for select using (true);
        end if;
    end if;
end
$$;

-- PUBLIC, which every role is in, keeps no right in this database.
do $$
begin
    execute format('revoke all on database %I from public', current_database());
    execute format(
        'grant connect on database %I to pulse_loader, pulse_transformer, pulse_app, pulse_reader, pulse_auditor',
        current_database()
    );
    execute format('grant temporary on database %I to pulse_loader, pulse_transformer', current_database());
    -- A session finds the system's own names first, then the views for BI, and nothing that others
    -- than the builds could have created. With pg_temp named as well, JDBC drivers, which ask for
    -- current_schemas(true), would fail for roles without the right to temporary tables.
    execute format('alter database %I set search_path = reporting', current_database());
end
$$;
revoke all on schema public from public;
-- Migrations revoke it too, which a dump without privileges has lost.
revoke execute on all functions in schema raw, ops, staging from public;
alter default privileges for role pulse_loader revoke execute on functions from public;
alter default privileges for role pulse_transformer revoke execute on functions from public;

-- Later relations are covered too: a partition of a new kind, a new model, the table of a failed
-- test.
grant usage on schema raw, ops to pulse_transformer;
grant select on all tables in schema raw, ops to pulse_transformer;
alter default privileges for role pulse_loader in schema raw, ops grant select on tables to pulse_transformer;

-- Loads read the registry of what builds made: only that is ours in analytics.
grant usage on schema staging to pulse_loader;
do $$
begin
    if to_regclass('staging.standing_relations') is not null then
        grant select on staging.standing_relations to pulse_loader;
    end if;
end
$$;

-- Builds record their cutoff in ops.cutoffs, and ask whether another one is at work.
do $$
begin
    if to_regclass('ops.cutoffs') is not null then
        grant insert, update on ops.cutoffs to pulse_transformer;
        grant execute on function raw.await_writers(interval), ops.is_building(text) to pulse_transformer;
    end if;
end
$$;

grant usage on schema reporting to pulse_reader;
grant select on all tables in schema reporting to pulse_reader;
alter default privileges for role pulse_transformer in schema reporting
grant select on tables to pulse_reader;

grant usage on schema raw, ops, staging, intermediate, analytics, reporting, test_failures, own
to pulse_auditor;
grant select on all tables in schema raw, ops, staging, intermediate, analytics, reporting, test_failures, own
to pulse_auditor;
alter default privileges for role pulse_loader in schema raw, ops grant select on tables to pulse_auditor;
-- A dump by the auditor reads sequences too.
grant select on all sequences in schema raw, ops, staging to pulse_auditor;
alter default privileges for role pulse_loader in schema raw, ops grant select on sequences to pulse_auditor;
alter default privileges for role pulse_transformer in schema staging
grant select on sequences to pulse_auditor;
alter default privileges for role pulse_transformer
in schema staging, intermediate, analytics, reporting, test_failures, own
grant select on tables to pulse_auditor;

-- The application writes by raw.write_document and in no other way. Other rights that it had, by an
-- older pulse-elt or granted by hand, are revoked, those on columns with them.
revoke insert, update, delete, truncate, references, trigger
on all tables in schema raw, ops, staging, intermediate, analytics, reporting, test_failures, own
from pulse_app;
grant usage on schema raw, analytics to pulse_app;
do $$
declare
    mart text;
begin
    if to_regprocedure('raw.write_document(text, text, bigint, timestamptz)') is null then
        -- For psql; pulse-elt db roles, which migrates itself, drops notices with a code.
        raise notice using
            errcode = '01000',
            message = 'there is no landing yet, or an outdated one: run this again after pulse-elt db migrate';
    else
        revoke execute on all functions in schema raw from pulse_app;
        grant execute on function raw.write_document(text, text, bigint, timestamptz) to pulse_app;
        grant execute on function raw.write_document(text, jsonb, bigint, timestamptz) to pulse_app;
        grant select on raw.documents, raw.files, raw.document_kinds to pulse_app;
    end if;
    if to_regprocedure('raw.report_store(text, jsonb)') is not null then
        grant execute on function
            raw.read_document(text),
            raw.written_version(text, bytea, bigint, interval, int),
            raw.report_store(text, jsonb)
        to pulse_app;
    end if;
    if to_regprocedure('raw.state_of_marts()') is not null then
        grant execute on function raw.state_of_marts() to pulse_app;
    end if;
    -- The build that creates a mart grants it later (macros/app_grants.sql).
    foreach mart in array array[ -- written by 'make marts'
        'learners', 'learner_focus', 'user_skill_agg', 'user_skill_trend', 'user_readiness',
        'user_readiness_latest', 'readiness_milestones'
    ]
    loop
        if to_regclass(format('analytics.%I', mart)) is not null then
            execute format('grant select on analytics.%I to pulse_app', mart);
        end if;
    end loop;
end
$$;

-- A transaction that an application leaves open keeps its locks. Only the settings of a login count,
-- not those of the roles it is in; a value that somebody chose stays.
do $$
declare
    login record;
begin
    for login in
        select members.rolname
        from pg_roles as members
        where
            members.rolcanlogin
            and not members.rolsuper
            and pg_has_role(members.oid, 'pulse_app', 'MEMBER')
            and not exists (
                select from pg_db_role_setting as settings
                cross join unnest(settings.setconfig) as setting
                where
                    settings.setrole = members.oid
                    and settings.setdatabase in (
                        0, (select here.oid from pg_database as here where here.datname = current_database())
                    )
                    and starts_with(setting, 'idle_in_transaction_session_timeout=')
            )
        order by members.rolname
    loop
        begin
            execute format(
                'alter role %I in database %I set idle_in_transaction_session_timeout = %L',
                login.rolname, current_database(), '10s'
            );
            raise notice 'limited idle transactions of % to 10 seconds', login.rolname;
        exception when insufficient_privilege then
            raise notice 'kept % without a limit for idle transactions: its creator has to set one', login.rolname;
        end;
    end loop;
end
$$;

commit;
