{#- dbt's unit tests cast the columns that a fixture leaves out. PostgreSQL's catalogue calls every array type
    ARRAY, which is no type to cast to; our arrays are all text[]. -#}

{% macro postgres__safe_cast(field, type) -%}
    cast({{ field }} as {{ 'text[]' if type | upper == 'ARRAY' else type }})
{%- endmacro %}
