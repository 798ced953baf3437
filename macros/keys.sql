{#- Identity of sessions and users (docs/design.md §5, "Identity and time"). -#}

{% macro uuid_pattern() -%}
    ^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$
{%- endmacro %}


{#- The same as people and programs write it: in braces or parentheses, as a URN, without hyphens or
    with others, with white space around it. -#}
{% macro written_uuid_pattern() -%}
    ^[ \t\n\r\u00a0\u200b\ufeff]*(urn:)?(uuid:)?[{(]?[0-9a-f]{4}(-?[0-9a-f]{4}){7}[)}]?[ \t\n\r\u00a0\u200b\ufeff]*$
{%- endmacro %}


{#- What was meant as a UUID and is none, with a letter or a digit too many, too few or wrong. -#}
{% macro broken_uuid_pattern() -%}
    ^((urn:)?uuid:|[{(]?[0-9a-f]{6,10}(-[0-9a-f]{3,5}){3}-[0-9a-f]{10,14}[)}]?$|[{(]?[0-9a-z]{8}(-[0-9a-z]{4}){3}-[0-9a-z]{12}[)}]?$)
{%- endmacro %}


{#- A session key that is a UUID is the identity itself; from any other the identity is derived. -#}
{% macro session_id_of(session_key) -%}
    coalesce({{ uuid_of(session_key) }}, md5('session:' || {{ composed(session_key) }})::uuid)
{%- endmacro %}


{#- The text as a UUID, or NULL. -#}
{% macro uuid_of(text) -%}
    case
        when {{ text }} ~* '{{ uuid_pattern() }}' then ({{ text }})::uuid
        when {{ text }} ~* '{{ written_uuid_pattern() }}'
            then right(regexp_replace(lower({{ text }}), '[^0-9a-f]', '', 'g'), 32)::uuid
    end
{%- endmacro %}


{#- The text with its accents composed (NFC): file systems differ in how they store them. -#}
{% macro composed(text) -%}
    case
        when octet_length({{ text }}) = length({{ text }}) then {{ text }}
        else normalize({{ text }}, nfc)
    end
{%- endmacro %}


{#- A user key in the one form by which keys are compared. -#}
{% macro user_key_of(text) -%}
    coalesce({{ uuid_of(text) }}::text, {{ composed(text) }})
{%- endmacro %}


{#- The user key of a value, in that form; blank text is NULL, a broken UUID a rejected value. Nearly all keys
    have the form already, so that is tested first. -#}
{% macro safe_user_key(casts, value, field) -%}
    {%- set text = json_text(value) -%}
    {%- set is_text = "jsonb_typeof(" ~ value ~ ") in ('string', 'number')" -%}
    {%- set is_canonical = text ~ " ~ '" ~ uuid_pattern() ~ "'" -%}
    {%- set is_broken = text ~ " ~* '" ~ broken_uuid_pattern() ~ "' and " ~ uuid_of(text) ~ " is null" -%}
    {%- do register_cast(
        casts, value, field, none,
        "case when not " ~ is_text ~ " then true when " ~ is_canonical ~ " then false else " ~ is_broken ~ " end",
        "case when " ~ is_text ~ " then 'not_a_uuid' else 'wrong_shape' end"
    ) -%}
    case
        when not {{ is_text }} then null
        when {{ is_canonical }} then {{ text }}
        when not ({{ is_broken }}) then nullif({{ user_key_of(text) }}, '')
    end
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
