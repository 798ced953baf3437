{#- The parts of the safe casts: texts, numbers and shapes of jsonb values. -#}

{#- The text of a value without the white space around it. -#}
{% macro json_text(value) -%}
    btrim(({{ value }}) #>> '{}', e' \t\n\r')
{%- endmacro %}


{#- The number of a value, or NULL: numbers, and strings that are numbers by JSON's syntax. -#}
{% macro json_number(value, percent_when=none) -%}
    {%- set text = json_number_text(value, percent_when) -%}
    case jsonb_typeof({{ value }})
        when 'number' then ({{ value }})::numeric
        when 'string' then
            case
                when {{ text }} ~ '{{ number_pattern() }}' and pg_input_is_valid({{ text }}, 'numeric')
                    then ({{ text }})::numeric
            end
    end
{%- endmacro %}


{#- Whether a value is written as a number, even one beyond numeric. -#}
{% macro json_is_number(value, percent_when=none) -%}
    (
        jsonb_typeof({{ value }}) = 'number'
        or jsonb_typeof({{ value }}) = 'string'
        and {{ json_number_text(value, percent_when) }} ~ '{{ number_pattern() }}'
    )
{%- endmacro %}


{#- The text to read as a number; a percent sign is dropped where `percent_when` (SQL) allows it. -#}
{% macro json_number_text(value, percent_when=none) -%}
    {%- if percent_when is none -%}
        {{ json_text(value) }}
    {%- else -%}
        case
            when {{ percent_when }} then regexp_replace({{ json_text(value) }}, '\s*%$', '')
            else {{ json_text(value) }}
        end
    {%- endif -%}
{%- endmacro %}


{#- RFC 8259, section 6: no leading plus, no leading zeros, no hexadecimal, no NaN. -#}
{% macro number_pattern() -%}
    ^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$
{%- endmacro %}


{#- The document if it is an object, else an empty one: jsonb_to_record accepts nothing else. -#}
{% macro json_object(value) -%}
    case when jsonb_typeof({{ value }}) = 'object' then {{ value }} else '{}' end
{%- endmacro %}


{#- The value if it is an array, else an empty one. -#}
{% macro json_array(value) -%}
    case when jsonb_typeof({{ value }}) = 'array' then {{ value }} else '[]' end
{%- endmacro %}


{#- The list of a document that is a bare array or wraps one under the first of `names` that has it. -#}
{% macro json_list(payload, names) -%}
    case
        when jsonb_typeof({{ payload }}) = 'array' then {{ payload }}
        {%- for name in names %}
        when jsonb_typeof({{ payload }} -> '{{ name }}') = 'array' then {{ payload }} -> '{{ name }}'
        {%- endfor %}
        else '[]'
    end
{%- endmacro %}


{#- The JSON path of that list: nothing for a bare array, else the name it is wrapped under. -#}
{% macro json_list_path(payload, names) -%}
    case
        {%- for name in names %}
        when jsonb_typeof({{ payload }} -> '{{ name }}') = 'array' then '{{ name }}'
        {%- endfor %}
        else ''
    end
{%- endmacro %}


{#- Such a document is an array, or an object that has one of the names, which then is an array. -#}
{% macro expect_list(casts, payload, names) -%}
    {%- set wrapped = payload ~ " ?| array['" ~ names | join("', '") ~ "']" -%}
    {%- do reject_when(
        casts, payload, '$',
        "case jsonb_typeof(" ~ payload ~ ")"
        ~ " when 'array' then false when 'object' then not (" ~ wrapped ~ ") else true end",
        'wrong_shape'
    ) -%}
    {%- for name in names -%}
        {#- Only the first list is read; a second one is rejected, not ignored. -#}
        {%- set is_second -%}
            {%- for earlier in names[:loop.index0] %} or jsonb_typeof({{ payload }} -> '{{ earlier }}') = 'array'
            {%- endfor -%}
        {%- endset -%}
        {%- do reject_when(
            casts, payload ~ " -> '" ~ name ~ "'", name,
            "(jsonb_typeof(" ~ payload ~ " -> '" ~ name ~ "') <> 'array'" ~ is_second ~ ")", 'wrong_shape'
        ) -%}
    {%- endfor -%}
{%- endmacro %}
