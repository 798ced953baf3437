-- How many rows the shares are of: files per kind, and scorecards that landed.
select
    kind,
    count(*) as files,
    count(*) filter (where is_landed) as landed
from (
    select
        kind,
        false as is_landed
    from raw.quarantine
    where
        resolved_at is null
        and kind is not null
        and first_seen_at > :'since'
        and first_seen_at <= :'as_of'
    union all
    select
        kind,
        true as is_landed
    from raw.documents
    where
        superseded_at is null
        and landed_at > :'since'
        and landed_at <= :'as_of'
) as judged
group by kind
