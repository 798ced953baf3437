-- What caches of the application's readers need to know: which build the marts are of.

-- The application may not look into ops. Each build writes its row at its beginning and at its end, also one that
-- builds a part or fails: xmin tells all of them apart, the rest tells a copied database from its original.
create function raw.state_of_marts() returns table (cutoff_at timestamptz, identity text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
select
    cutoffs.standing_cutoff_at,
    concat_ws('.', extract(epoch from pg_postmaster_start_time()), here.oid, cutoffs.xmin)
from ops.cutoffs as cutoffs
inner join pg_database as here on here.datname = current_database()
where cutoffs.target_schema = 'staging' and cutoffs.at_work_cutoff_at is null
$$;
comment on function raw.state_of_marts() is
    'Cutoff of the last whole build, and a text that no other state of the marts has or had; no row while a build is '
    'at work or was cut short, and before the first.';

revoke execute on function raw.state_of_marts() from public;
do $$
begin
    -- As deploy/roles.sql does.
    if to_regrole('pulse_app') is not null then
        grant execute on function raw.state_of_marts() to pulse_app;
    end if;
end
$$;
