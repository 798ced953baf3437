{#- One row per tag that a score can have. -#}

with

labels as (

    select
        skill_tag,
        label,
        kind,
        sort_order
    from {{ ref('skill_labels') }}

),

steps as (

    select
        lower(pulse_step) as skill_tag,
        pulse_step as label,
        'step' as kind,
        step_number as sort_order
    from {{ ref('pulse_steps') }}
    where step_number is not null

),

in_formulas as (

    select distinct skill_tag
    from {{ ref('readiness_skills') }}

),

-- Other sources of scores have no tags but steps and parts of a scorecard.
in_answers as (

    select distinct skill_tag
    from {{ ref('session_events') }}
    where event_source = 'answer' and skill_tag is not null

),

labelled as (

    select * from labels
    union all
    select * from steps
    where skill_tag not in (select labels.skill_tag from labels)

),

unlabelled as (

    select skill_tag from in_formulas
    union
    select skill_tag from in_answers
    except
    select skill_tag from labelled

),

final as (

    select
        skill_tag,
        label,
        kind,
        case kind when 'skill' then 100 when 'step' then 200 else 300 end + sort_order as sort_order,
        true as is_known
    from labelled
    union all
    -- All with one number, behind the skills that have one: gaps would tell of tags that are hidden.
    select
        skill_tag,
        upper(left(skill_tag, 1)) || replace(substr(skill_tag, 2), '_', ' ') as label,
        'skill' as kind,
        199 as sort_order,
        skill_tag in (select in_formulas.skill_tag from in_formulas) as is_known
    from unlabelled

)

select * from final
