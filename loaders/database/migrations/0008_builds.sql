-- What builds read stays as long as it may be read, and builds wait for writers without holding them up.

create table ops.cutoffs (
    target_schema text primary key,
    standing_cutoff_at timestamptz not null,
    at_work_cutoff_at timestamptz
);
comment on table ops.cutoffs is
    'One row per dbt target: the cutoffs as of which its builds read. Versions that a cutoff here needs are '
    'not pruned. Written by builds.';
comment on column ops.cutoffs.target_schema is
    'Schema staging of the target, with its prefix; without the table builds in it the row counts for nothing.';
comment on column ops.cutoffs.standing_cutoff_at is
    'The earliest cutoff as of which models stand: that of the last whole build.';
comment on column ops.cutoffs.at_work_cutoff_at is
    'Cutoff of the build at work, the earliest of several; counts as long as ops.is_building() says so.';

-- Every node of a build that reads the landing holds this lock, shared, until its session ends.
-- (0x70756c62 is "pulb"; pg_locks shows the second number without its sign.)
create function ops.is_building(text) returns boolean
language sql stable
set search_path = pg_catalog
begin atomic
    select count(*) > 0
    from pg_locks as held
    inner join pg_database as here on held.database = here.oid
    where
        here.datname = current_database()
        and held.locktype = 'advisory'
        and held.granted
        and held.classid = x'70756c62'::int::oid
        and held.objid = (hashtext($1)::bigint & 4294967295)::oid
        and held.objsubid = 2;
end;
comment on function ops.is_building(text) is 'Whether a build of a target is at work, by its schema staging.';

-- The catalogue says what stands: whoever asks need not be allowed to look into those schemas.
create function ops.earliest_cutoff() returns timestamptz
language sql stable
set search_path = pg_catalog
begin atomic
    select
        min(
            case
                when cutoffs.target_schema is null then '-infinity'
                when ops.is_building(cutoffs.target_schema)
                    then least(cutoffs.standing_cutoff_at, cutoffs.at_work_cutoff_at)
                else cutoffs.standing_cutoff_at
            end
        )
    from pg_class as relation
    inner join pg_namespace as namespace on relation.relnamespace = namespace.oid
    left join ops.cutoffs as cutoffs on namespace.nspname = cutoffs.target_schema
    where
        relation.relname = 'builds'
        and relation.relkind = 'r'
        and (
            cutoffs.target_schema is not null
            or (
                namespace.nspname = 'staging'
                and obj_description(relation.oid, 'pg_class') like '%[pulse-elt]'
            )
        );
end;
comment on function ops.earliest_cutoff() is
    'The earliest cutoff as of which builds may still read: NULL when nothing was ever built, -infinity when '
    'marts stand whose cutoff is not known because a version before this migration built them.';

-- One queued attempt after the other: a lock that is merely tried never meets a moment without writers, and
-- one that is waited for makes all new writers wait too, for as long as the oldest one takes.
create function raw.await_writers(patience interval default null) returns void
language plpgsql volatile
set search_path = pg_catalog
set lock_timeout = '200ms'
as $$
declare
    patience_ends_at constant timestamptz := clock_timestamp() + coalesce(patience, '10 minutes');
    holder record;
begin
    loop
        begin
            perform pg_advisory_xact_lock(x'70756c73'::int, 1);
            return;
        exception when lock_not_available then
            null;
        end;
        if clock_timestamp() >= patience_ends_at then
            select
                held.pid,
                activity.usename as login,
                date_trunc('second', clock_timestamp() - activity.xact_start) as age
            into holder
            from pg_locks as held
            inner join pg_database as here on held.database = here.oid
            left join pg_stat_activity as activity on held.pid = activity.pid
            where
                here.datname = current_database()
                and held.locktype = 'advisory'
                and held.granted
                and held.classid = x'70756c73'::int::oid
                and held.objid = 1
                and held.objsubid = 2
            order by activity.xact_start
            limit 1;
            exit when found;
        end if;
        perform pg_sleep(0.3);
    end loop;
    -- Who may not see when others' transactions began knows that this one has outlasted the patience.
    raise exception using
        errcode = 'lock_not_available',
        message = format(
            'a transaction that writes documents does not end: pid %s, login %s, open for %s.',
            coalesce(holder.pid::text, 'none (prepared)'),
            coalesce(holder.login, 'unknown'),
            coalesce(holder.age::text, 'longer than ' || coalesce(patience, '10 minutes'))
        );
end
$$;
comment on function raw.await_writers(interval) is
    'Waits until no transaction is writing documents, and keeps new ones off until this one ends. Gives up '
    'after the patience, ten minutes if it is NULL, and names the transaction that is in the way.';

revoke execute on function
    raw.await_writers(interval), ops.is_building(text), ops.earliest_cutoff()
from public;
do $$
begin
    -- As deploy/roles.sql does: the first night after an upgrade builds without anybody's help.
    if to_regrole('pulse_transformer') is not null then
        grant insert, update on ops.cutoffs to pulse_transformer;
        grant execute on function raw.await_writers(interval), ops.is_building(text) to pulse_transformer;
    end if;
end
$$;
