-- One row per file that landed, or was newly refused, since the last check, and what is wrong with it.
-- Documents are read once per check, into ops.judged_files; Great Expectations reads that many times.
with

refused as (

    select
        kind,
        source_path,
        concat(reason_code, ': ', reason) as quarantined
    from raw.quarantine
    where
        resolved_at is null
        and kind is not null
        and first_seen_at > :'since'
        and first_seen_at <= :'as_of'

),

ranges as (

    select
        entry ->> 'kind' as kind,
        entry ->> 'generation' as generation,
        (entry ->> 'path')::jsonpath as json_path,
        (entry ->> 'lowest')::numeric as lowest,
        (entry ->> 'highest')::numeric as highest
    from jsonb_array_elements(:'ranges') as entry

),

shapes as (

    select
        key as kind,
        value as shapes
    from jsonb_each(:'shapes')

),

landed as (

    select
        documents.kind,
        documents.source_path,
        documents.session_key,
        case when documents.kind = 'scorecard' then :'session_id' end as session_id,
        documents.payload,
        -- The generation of a scorecard, as in base_pulse__scorecards.
        documents.kind = 'scorecard'
        and jsonb_typeof(documents.payload) = 'object'
        and documents.payload
        ?| array['Overall_Certification_Score', 'Certification_Status', 'Agent_Scores'] as is_certification
    from raw.documents as documents
    where
        documents.superseded_at is null
        and documents.landed_at > :'since'
        and documents.landed_at <= :'as_of'

),

sessions as (

    select distinct :'session_id' as session_id
    from raw.documents
    where kind = 'session' and superseded_at is null

),

faults as (

    select
        kind,
        source_path,
        null as session_key,
        null::jsonb as payload,
        quarantined,
        null as wrong_type,
        null as bad_score,
        null::bigint as score_count,
        null::boolean as has_session
    from refused
    union all
    select
        landed.kind,
        landed.source_path,
        landed.session_key,
        landed.payload,
        null as quarantined,
        case
            when not shapes.shapes ? jsonb_typeof(landed.payload)
                then concat('the document is ', jsonb_typeof(landed.payload), ', not ', shapes.shapes::text)
        end as wrong_type,
        scores.bad_score,
        scores.score_count,
        sessions.session_id is not null as has_session
    from landed
    left join shapes on landed.kind = shapes.kind
    left join sessions on landed.kind = 'scorecard' and landed.session_id = sessions.session_id
    cross join lateral (
        select
            count(*) as score_count,
            min(
                case
                    when score.number is null
                        then concat(ranges.json_path::text, ' is no number: ', left(score.value::text, 40))
                    when score.number not between ranges.lowest and ranges.highest
                        then
                            concat(
                                ranges.json_path::text, ' is ', left(score.value::text, 40),
                                ', outside ', ranges.lowest, ' to ', ranges.highest
                            )
                end
            ) as bad_score
        from ranges
        cross join
            lateral (
                select
                    found.value,
                    :'number' as number
                from jsonb_path_query(landed.payload, ranges.json_path) as found (value)
                where jsonb_typeof(found.value) <> 'null'
                -- Cast once: the planner would repeat the cast above.
                offset 0 -- noqa: AM09
            ) as score
        where
            ranges.kind = landed.kind
            and (
                ranges.generation is null
                or ranges.generation = case when landed.is_certification then 'certification' else 'app' end
            )
    ) as scores

)

select
    :'check_id' as check_id,
    kind,
    source_path,
    jsonb_strip_nulls(jsonb_build_object(:'reasons')) as reasons
from faults
