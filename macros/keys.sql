{#- Identity of sessions and users (docs/design.md §5, "Identity and time"). -#}

{% macro uuid_pattern() -%}
    ^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$
{%- endmacro %}


{#- A session key that is a UUID is the identity itself; from any other the identity is derived. -#}
{% macro session_id_of(session_key) -%}
    case
        when {{ session_key }} ~* '{{ uuid_pattern() }}' then ({{ session_key }})::uuid
        else md5('session:' || {{ session_key }})::uuid
    end
{%- endmacro %}


{#- The text as a UUID, or NULL. -#}
{% macro uuid_of(text) -%}
    case when {{ text }} ~* '{{ uuid_pattern() }}' then ({{ text }})::uuid end
{%- endmacro %}


{#- The account of a user key: itself, or as raw.user_identities says; NULL if there is none. -#}
{% macro account_of(user_key, identity) -%}
    case when {{ is_somebody(user_key) }} then coalesce({{ uuid_of(user_key) }}, {{ identity }}) end
{%- endmacro %}


{#- The path says which session a document belongs to; another id inside it is rejected. -#}
{% macro expect_session_id(casts, value, session_key) -%}
    {%- do reject_when(
        casts, value, 'session_id',
        session_id_of(json_text(value)) ~ ' <> ' ~ session_id_of(session_key),
        'session_id_mismatch'
    ) -%}
{%- endmacro %}


{#- Whether a key is a user's. Placeholder keys are no candidate for a session's user. -#}
{% macro is_somebody(user_key) -%}
    ({{ user_key }} is not null and {{ user_key }} not ilike 'unknown-%')
{%- endmacro %}


{#- The owner of a history, as text: the account it resolves to, else the old key; NULL if there is none. -#}
{% macro history_owner(user_id, user_key) -%}
    coalesce({{ user_id }}::text, case when {{ is_somebody(user_key) }} then {{ user_key }} end)
{%- endmacro %}
