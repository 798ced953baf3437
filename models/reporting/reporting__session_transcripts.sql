{#- One row per session that has a transcript, for BI: without personal data. -#}

{{ config(alias='session_transcripts') }}

with

final as (

    select
        session_id,
        user_id,
        occurred_at,
        line_count
    from {{ ref('session_transcripts') }}
    where {{ is_seen('session_transcripts.user_id') }}

)

select * from final
