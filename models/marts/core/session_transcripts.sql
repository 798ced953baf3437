{#- One row per session that has a transcript. -#}

{{ config(
    rebuilt_by='session_id',
    indexes=[{'columns': ['user_id', 'occurred_at']}],
) }}

with

transcripts as (

    select
        session_id,
        transcript_lines,
        payload
    from {{ ref('stg_pulse__transcripts') }}
    where {{ is_affected('session_id') }}

),

sessions as (

    select
        session_id,
        user_id,
        occurred_at
    from {{ ref('int_sessions_resolved') }}
    where {{ is_affected('session_id') }}

),

final as (

    select
        transcripts.session_id,
        sessions.user_id,
        sessions.occurred_at,
        transcripts.transcript_lines,
        cardinality(transcripts.transcript_lines) as line_count,
        transcripts.payload as transcript_json
    from transcripts
    inner join sessions on transcripts.session_id = sessions.session_id

)

select * from final
