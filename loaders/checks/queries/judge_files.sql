-- One row per file that landed, or was newly refused, since the last check, and what is wrong with it.
-- Read once per check, into ops.judged_files; every expectation then judges the same rows.
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
        documents.payload,
        case
            when
                documents.kind = 'scorecard'
                and documents.payload
                ?| array['Overall_Certification_Score', 'Certification_Status', 'Agent_Scores']
                then 'certification'
            when documents.kind = 'scorecard' then 'app'
        end as generation
    from raw.documents as documents
    where
        documents.superseded_at is null
        and documents.landed_at > :'since'
        and documents.landed_at <= :'as_of'

),

judged as (

    select
        landed.kind,
        landed.source_path,
        scores.bad_score,
        case
            when not shapes.shapes ? jsonb_typeof(landed.payload)
                then concat('the document is ', jsonb_typeof(landed.payload), ', not ', shapes.shapes::text)
        end as wrong_type,
        case
            when
                landed.kind = 'scorecard'
                and jsonb_typeof(landed.payload) = 'object'
                and scores.score_count = 0
                then 'it holds no score'
        end as unscored
    from landed
    left join shapes on landed.kind = shapes.kind
    cross join lateral (
        select
            count(*) as score_count,
            min(
                case
                    when found.score_text is null or not pg_input_is_valid(found.score_text, 'numeric')
                        then concat(ranges.json_path::text, ' is no number: ', left(found.score::text, 40))
                    when found.score_text::numeric not between ranges.lowest and ranges.highest
                        then
                            concat(
                                ranges.json_path::text, ' is ', left(found.score::text, 40),
                                ', outside ', ranges.lowest, ' to ', ranges.highest
                            )
                end
            ) as bad_score
        from ranges
        cross join
            lateral (
                -- Texts may be numbers; a percent sign, chr(37), is written by evaluating models only.
                select
                    each_score as score,
                    case jsonb_typeof(each_score)
                        when 'number' then each_score #>> '{}'
                        when 'string'
                            then
                                substring(
                                    rtrim(
                                        btrim(each_score #>> '{}', e' \t\n\r'),
                                        case landed.generation
                                            when 'certification' then chr(37) || ' ' else ''
                                        end
                                    )
                                    from '^-?[0-9]+[.]?[0-9]*[eE]?[+-]?[0-9]*$'
                                )
                    end as score_text
                from jsonb_path_query(landed.payload, ranges.json_path) as each_score
                where jsonb_typeof(each_score) <> 'null'
            ) as found
        where
            ranges.kind = landed.kind
            and (ranges.generation is null or ranges.generation = landed.generation)
    ) as scores

)

select
    :'check_id' as check_id,
    kind,
    source_path,
    quarantined,
    null as wrong_type,
    null as bad_score,
    null as unscored,
    quarantined as unusable
from refused
union all
select
    :'check_id' as check_id,
    kind,
    source_path,
    null as quarantined,
    wrong_type,
    bad_score,
    unscored,
    coalesce(wrong_type, bad_score) as unusable
from judged
