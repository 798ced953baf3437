{#- Safe casts: what can be cast is typed, what cannot is NULL *and* a rejected value.

    Every cast registers itself in the list `casts`, which a model opens at its top and closes with
    rejected_values(casts), so that no value is lost in silence:

        {%- set casts = [] -%}
        select
            {{ safe_number(casts, "overall -> 'score'", 'overall.score', 0, 100) }} as overall_score,
            {{ rejected_values(casts) }} as rejected_values

    `value` is a SQL expression of type jsonb; `field` its JSON path without the leading "$.", or,
    where that differs from row to row, a SQL expression given as `named_by`. An absent field and a
    JSON null are simply NULL. The pattern comes first and pg_input_is_valid second: alone, the
    latter takes "yesterday", "infinity", "0x1F" and "NaN". -#}


{#- A number within its range, which is checked before the cast to numeric(5,2). A model that has the number
    already, from json_number, passes its name as `number`. -#}
{% macro safe_number(casts, value, field, at_least, at_most, named_by=none, percent_when=none, number=none) -%}
    {%- set number = number or json_number(value, percent_when) -%}
    {%- set typed -%}
        case
            when {{ number }} between {{ at_least }} and {{ at_most }} then {{ number }}
        end
    {%- endset -%}
    {%- set reason -%}
        case
            when {{ json_is_number(value, percent_when) }} then 'out_of_range'
            else 'not_a_number'
        end
    {%- endset -%}
    {%- do register_cast(casts, value, field, named_by, typed ~ ' is null', reason) -%}
    {{ typed }}
{%- endmacro %}


{% macro safe_integer(casts, value, field, at_least=0, at_most=2147483647) -%}
    {%- set number = json_number(value) -%}
    {%- set typed -%}
        case
            when
                {{ number }} between {{ at_least }} and {{ at_most }}
                and {{ number }} = trunc({{ number }})
                then ({{ number }})::int
        end
    {%- endset -%}
    {%- set reason -%}
        case
            when {{ json_is_number(value) }} and {{ number }} is null then 'out_of_range'
            when {{ number }} = trunc({{ number }}) then 'out_of_range'
            else 'not_an_integer'
        end
    {%- endset -%}
    {%- do register_cast(casts, value, field, none, typed ~ ' is null', reason) -%}
    {{ typed }}
{%- endmacro %}


{#- ISO-8601 with date and time; without an offset it is UTC, whatever the session's time zone. -#}
{% macro safe_timestamp(casts, value, field, landed_at='landed_at') -%}
    {%- set date_and_time = '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?' -%}
    {%- set offset = '([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)' -%}
    {%- set text = json_text(value) -%}
    {%- set with_offset -%}
        {{ text }} || case when {{ text }} ~ '{{ offset }}$' then '' else '+00' end
    {%- endset -%}
    {%- set moment -%}
        case
            when
                jsonb_typeof({{ value }}) = 'string'
                and {{ text }} ~ '{{ date_and_time ~ offset }}?$'
                and pg_input_is_valid({{ with_offset }}, 'timestamptz')
                then ({{ with_offset }})::timestamptz
        end
    {%- endset -%}
    {%- set typed -%}
        case when {{ is_within_times(moment, landed_at) }} then {{ moment }} end
    {%- endset -%}
    {%- set reason -%}
        case when {{ moment }} is null then 'not_a_timestamp' else 'out_of_range' end
    {%- endset -%}
    {%- do register_cast(casts, value, field, none, typed ~ ' is null', reason) -%}
    {{ typed }}
{%- endmacro %}


{#- No session happened before PULSE existed, nor more than a year after its document landed. One such date
    would stretch every cohort, or be the newest of all. -#}
{% macro is_within_times(moment, landed_at) -%}
    (
        {{ moment }} >= '2000-01-01 00:00+00'
        and {{ moment }} <= coalesce({{ landed_at }}, 'infinity') + 366 * interval '24 hours'
    )
{%- endmacro %}


{% macro safe_boolean(casts, value, field) -%}
    {%- set typed -%}
        case
            when lower({{ json_text(value) }}) in ('true', 'false')
                then lower({{ json_text(value) }})::boolean
        end
    {%- endset -%}
    {%- do register_cast(casts, value, field, none, typed ~ ' is null', "'not_a_boolean'") -%}
    {{ typed }}
{%- endmacro %}


{#- Text of a string or number, trimmed; blank text is NULL. What becomes part of a key has at most `at_most`
    characters: an index accepts no row of more than a few kilobytes. -#}
{% macro safe_text(casts, value, field, at_most=none) -%}
    {%- set is_text = "jsonb_typeof(" ~ value ~ ") in ('string', 'number')" -%}
    {%- set fits = "length(" ~ json_text(value) ~ ") <= " ~ at_most if at_most else "true" -%}
    {%- do register_cast(
        casts, value, field, none,
        "not (" ~ is_text ~ " and " ~ fits ~ ")",
        "case when " ~ is_text ~ " then 'too_long' else 'wrong_shape' end"
    ) -%}
    case
        when {{ is_text }} and {{ fits }} then nullif({{ json_text(value) }}, '')
    end
{%- endmacro %}


{#- One word of a list, in lower case. -#}
{% macro safe_choice(casts, value, field, choices) -%}
    {%- set typed -%}
        case
            when lower({{ json_text(value) }}) in ('{{ choices | join("', '") }}')
                then lower({{ json_text(value) }})
        end
    {%- endset -%}
    {%- do register_cast(casts, value, field, none, typed ~ ' is null', "'unknown_value'") -%}
    {{ typed }}
{%- endmacro %}


{#- The elements of an array, each as text, trimmed, empties dropped. With `takes_string` a string counts as
    an array of itself. -#}
{% macro safe_text_array(casts, value, field, takes_string=false) -%}
    {%- set shapes = "('array', 'string')" if takes_string else "('array')" -%}
    {%- do register_cast(
        casts, value, field, none, "jsonb_typeof(" ~ value ~ ") not in " ~ shapes, "'wrong_shape'"
    ) -%}
    case
        {%- if takes_string %}
        when jsonb_typeof({{ value }}) = 'string'
            then array_remove(array[{{ json_text(value) }}], '')
        {%- endif %}
        when jsonb_typeof({{ value }}) = 'array'
            then array(
                select {{ json_text('element.value') }}
                from jsonb_array_elements({{ value }}) with ordinality as element (value, position)
                where {{ json_text('element.value') }} <> ''
                order by element.position
            )
    end
{%- endmacro %}


{#- The objects and arrays within a document: nothing is typed, a wrong shape is rejected. -#}
{% macro expect_shape(casts, value, field, shape) -%}
    {%- do register_cast(
        casts, value, field, none,
        "jsonb_typeof(" ~ value ~ ") <> '" ~ shape ~ "'", "'wrong_shape'"
    ) -%}
{%- endmacro %}


{#- Anything else that disqualifies a present value. -#}
{% macro reject_when(casts, value, field, condition, reason) -%}
    {%- do register_cast(casts, value, field, none, condition, "'" ~ reason ~ "'") -%}
{%- endmacro %}


{#- Everything that the preceding casts rejected, as {"field": ["text", "reason"]}; NULL if nothing.
    `below` is a SQL expression with the path of the array element that the fields belong to. -#}
{% macro rejected_values(casts, below=none) -%}
    case
        {#- Nearly all documents are fine, so test before building the object. -#}
        {%- for cast in casts %}
        {{ 'when' if loop.first else 'or' }} {{ is_rejected(cast) }}
        {%- endfor %}
            then jsonb_strip_nulls(jsonb_build_object(
                {%- for cast in casts %}
                {{ rejected_field(cast, below) }},
                case when {{ is_rejected(cast) }} then {{ verdict(cast.value, cast.reason) }} end
                {%- if not loop.last %},{% endif -%}
                {%- endfor %}
            ))
    end
{%- endmacro %}


{#- A JSON null counts as absent, except where a whole document or element is one. -#}
{% macro is_rejected(cast) -%}
    (
        {%- if cast.field != '$' %}
        jsonb_typeof({{ cast.value }}) <> 'null' and
        {%- endif %}
        {{ cast.is_rejected }}
    )
{%- endmacro %}


{#- One entry of rejected_values: the text (of a whole document, its beginning) and the reason. -#}
{% macro verdict(value, reason) -%}
    jsonb_build_array(left(coalesce(({{ value }}) #>> '{}', 'null'), 1000), {{ reason }})
{%- endmacro %}


{% macro rejected_field(cast, below) -%}
    {%- if cast.named_by -%}
        {{ cast.named_by }}
    {%- elif below and cast.field == '$' -%}
        {{ below }}
    {%- elif below -%}
        {{ below }} || '.{{ cast.field }}'
    {%- else -%}
        '{{ cast.field }}'
    {%- endif -%}
{%- endmacro %}


{% macro register_cast(casts, value, field, named_by, is_rejected, reason) -%}
    {#- Two entries for one field would be two keys of one object, of which jsonb keeps the last. -#}
    {%- if field is not none and field in (casts | map(attribute='field')) -%}
        {%- do exceptions.raise_compiler_error("field " ~ field ~ " is cast twice: cast it once.") -%}
    {%- endif -%}
    {%- do casts.append({
        'value': '(' ~ value ~ ')',
        'field': field,
        'named_by': named_by,
        'is_rejected': is_rejected,
        'reason': reason,
    }) -%}
{%- endmacro %}
