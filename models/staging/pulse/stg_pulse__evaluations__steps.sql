{#- One row per session and step that was evaluated, on the scale 0 to 3. -#}

with

steps as (

    select
        document_id,
        source_path,
        session_id,
        step_key,
        reason,
        score
    from {{ ref('base_pulse__evaluations__steps') }}
    where is_repeated is not true

),

outdone as (

    select
        document_id,
        source_path
    from {{ ref('stg_pulse__duplicate_documents') }}

),

pulse_steps as (

    select
        step_key,
        pulse_step
    from {{ ref('pulse_steps') }}
    where step_number is not null

),

final as (

    select
        -- ids
        steps.document_id,
        steps.source_path,
        steps.session_id,
        steps.step_key,

        -- strings
        pulse_steps.pulse_step,
        steps.reason,

        -- numerics
        steps.score
    from steps
    left join outdone
        on
            steps.document_id = outdone.document_id
            and steps.source_path = outdone.source_path
    inner join pulse_steps
        on lower(btrim(steps.step_key)) = pulse_steps.step_key
    where outdone.document_id is null

)

select * from final
