{#- One row per session and step that was evaluated, on the scale 0 to 3. -#}

with

steps as (

    select *
    from {{ authoritative_documents('base_pulse__evaluations__steps') }}
    where is_repeated is not true

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
    inner join pulse_steps
        on lower(btrim(steps.step_key)) = pulse_steps.step_key

)

select * from final
