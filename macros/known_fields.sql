{#- What fields the documents of each kind are known to have (the legacy format), and how a model
    names the others: drift. -#}

{#- The known fields of a kind, container by container, also those that no model reads. A container
    is named by its path: '' is the document, `[]` any element of the array before it, and of the
    list that the document is or wraps; `.*` any value of the map before it. Free below themselves
    are all that is not named as a container, on purpose: session.request (whatever the browser
    sent), an answer's raw_metrics, a transcript's lines, and of a trainer change log both config and
    trainer_change_log. Which keys evaluation.scores may have is the seed pulse_steps' to say. -#}
{% macro known_fields(kind) -%}
    {{ return({
        'session': {
            '': ['session_id', 'created_at', 'persona', 'request', 'status', 'completed_at', 'user_id'],
        },
        'scorecard': {
            '': [
                'overall', 'bce', 'mcf', 'cpo', 'pulse_details',
                'Trainee_ID', 'Persona_Tested', 'Overall_Certification_Score', 'Certification_Status',
                'High_Level_Critique', 'Agent_Scores', 'Feedback_Consolidated',
            ],
            'overall': ['score', 'raw_score', 'passed', 'summary', 'notes'],
            'bce': ['score', 'passed', 'summary', 'notes'],
            'mcf': ['score', 'passed', 'summary', 'notes'],
            'cpo': ['score', 'passed', 'summary', 'notes'],
            'pulse_details': [
                'final_stage', 'stage_name', 'trust_score', 'sale_outcome', 'missteps', 'total_exchanges',
            ],
            'Agent_Scores': ['BCE_Score', 'MCF_Score', 'CPO_Score'],
            'Feedback_Consolidated': [
                'Behavioral_Mastery', 'Methodology_Fidelity', 'Conversion_Effectiveness',
            ],
        },
        'evaluation': {
            '': ['framework', 'scores', 'overall_summary'],
            'overall_summary': ['strengths', 'improvements'],
            'scores.*': ['score', 'reason', 'tips'],
        },
        'answer_events': {
            '': ['events'],
            '[]': [
                'user_id', 'session_id', 'ts', 'occurred_at', 'timestamp', 'scenario_id', 'pulse_step',
                'skill_tag', 'score', 'raw_metrics', 'notes',
            ],
        },
        'transcript': {
            '': ['session_id', 'transcript'],
        },
        'conversation': {
            '': ['messages'],
            'messages[]': ['role', 'content'],
        },
        'pulse_state': {
            '': ['current_stage', 'stage_name', 'detected_behaviors'],
        },
        'sale_state': {
            '': ['trust_score', 'outcome', 'missteps', 'total_missteps'],
            'missteps[]': ['id', 'penalty', 'hint'],
        },
        'user_history': {
            '': ['user_id', 'history', 'sessions'],
            '[]': [
                'sessionId', 'date', 'persona', 'personaName', 'outcome', 'score', 'duration',
                'timestamp', 'overall', 'technical', 'communication', 'structure', 'behavioral',
            ],
        },
        'trainer_change_log': {
            '': [
                'timestamp', 'pulse_step', 'scenario_id', 'learner_id', 'session_id', 'config',
                'trainer_change_log',
            ],
        },
    }[kind]) }}
{%- endmacro %}


{#- The paths of a document's fields that its kind is not known to have, as text[], sorted; NULL when
    there are none. `containers` says in SQL where the document has each container of known_fields.

    Names come from strangers and may be anything: of a document the first 50 paths are kept, and of a
    longer name 200 characters. -#}
{% macro unknown_fields(kind, containers) -%}
    {%- set known = known_fields(kind) -%}
    {%- if containers.keys() | sort != known.keys() | sort -%}
        {%- do exceptions.raise_compiler_error(
            "unknown_fields of " ~ kind ~ " needs the containers '" ~ known.keys() | join("', '") ~ "'."
        ) -%}
    {%- endif -%}
    case
        {#- Nearly all documents have none: ask first, list only then. -#}
        {%- for path, container in containers.items() %}
        {{ 'when' if loop.first else 'or' }} {{ has_unknown_fields(path, container, known[path]) }}
        {%- endfor %}
            then array(
                select distinct field collate "C" as field
                from (
                    {%- for path, container in containers.items() %}
                    {{ list_unknown_fields(path, container, known[path]) }}
                    {%- if not loop.last %}
                    union all
                    {%- endif %}
                    {%- endfor %}
                ) as fields
                order by field
                limit 50
            )
    end
{%- endmacro %}


{% macro has_unknown_fields(path, container, known) -%}
    {%- if path.endswith('[]') or path.endswith('.*') -%}
        exists (
            select from {{ members_of(path, container) }} where {{ without_known('member.value', known) }} <> '{}'
        )
    {%- else -%}
        {{ without_known(container, known) }} <> '{}'
    {%- endif -%}
{%- endmacro %}


{% macro list_unknown_fields(path, container, known) -%}
    {%- set below = path ~ '.' if path else '' -%}
    select '{{ below }}' || {{ field_name('name') }} as field
    {%- if path.endswith('[]') or path.endswith('.*') %}
    from {{ members_of(path, container) }}
    cross join lateral jsonb_object_keys({{ without_known('member.value', known) }}) as name
    {%- else %}
    from jsonb_object_keys({{ without_known(container, known) }}) as name
    {%- endif -%}
{%- endmacro %}


{#- The elements of an array, or the values of a map. -#}
{% macro members_of(path, container) -%}
    {%- if path.endswith('[]') -%}
        jsonb_array_elements({{ json_array(container) }}) as member (value)
    {%- else -%}
        jsonb_each({{ json_object(container) }}) as member
    {%- endif -%}
{%- endmacro %}


{#- What is left of an object without its known fields: one call in C, whatever its size. -#}
{% macro without_known(container, known) -%}
    {{ json_object(container) }} - '{{ '{' ~ known | join(',') ~ '}' }}'::text[]
{%- endmacro %}


{#- A name as part of a path: cut, and in JSON's quotes where it holds what paths are made of, white
    space or control characters. -#}
{% macro field_name(name) -%}
    {%- set cut = "left(" ~ name ~ ", 200) || case when length(" ~ name ~ ") > 200 then '…' else '' end" -%}
    case
        when {{ name }} = '' or left({{ name }}, 200) collate "C" ~ '[][*."\\[:space:][:cntrl:]]'
            then to_json({{ cut }})::text
        else {{ cut }}
    end
{%- endmacro %}
