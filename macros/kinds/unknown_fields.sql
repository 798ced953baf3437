{#- Drift: the fields of documents that are not known for their kind. -#}

{#- The paths of a document's unknown fields, as text[], sorted; NULL if there are none. `containers` says in
    SQL where the document has each container of the kind's known_fields.

    Names are untrusted: the first 50 paths of a document are kept, and 200 characters of a longer name. -#}
{% macro unknown_fields(kind, containers) -%}
    {%- set known = kind_named(kind).known_fields -%}
    {%- if containers.keys() | sort != known.keys() | sort -%}
        {%- do exceptions.raise_compiler_error(
            "unknown_fields of " ~ kind ~ " needs the containers '" ~ known.keys() | join("', '")
            ~ "' that config/document_kinds.json says it has."
        ) -%}
    {%- endif -%}
    case
        {#- Nearly all documents have none, so test before listing them. -#}
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


{#- An object without its known fields: one call in C, whatever its size. -#}
{% macro without_known(container, known) -%}
    {{ json_object(container) }} - array[
        {%- for name in known %}'{{ name | replace("'", "''") }}'{{ ', ' if not loop.last }}{% endfor -%}
    ]::text[]
{%- endmacro %}


{#- A name as part of a path: truncated, and in JSON's quotes if it has path syntax, white space or control
    characters. -#}
{% macro field_name(name) -%}
    {%- set cut = "left(" ~ name ~ ", 200) || case when length(" ~ name ~ ") > 200 then '…' else '' end" -%}
    case
        when {{ name }} = '' or left({{ name }}, 200) collate "C" ~ '[][*."\\[:space:][:cntrl:]]'
            then to_json({{ cut }})::text
        else {{ cut }}
    end
{%- endmacro %}
