{#- One row per session that has a pulse state document: the one that speaks for it. -#}

with

pulse_states as (

    select
        -- ids
        document_id,
        source_path,
        session_id,
        session_key,

        -- strings
        stage_name,
        detected_behaviors,

        -- numerics
        current_stage,

        -- timestamps
        source_modified_at,
        landed_at
    from {{ ref('base_pulse__pulse_states') }}

),

outdone as (

    select
        document_id,
        source_path
    from {{ ref('stg_pulse__duplicate_documents') }}

),

final as (

    select pulse_states.*
    from pulse_states
    left join outdone
        on
            pulse_states.document_id = outdone.document_id
            and pulse_states.source_path = outdone.source_path
    where outdone.document_id is null

)

select * from final
