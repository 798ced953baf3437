{#- What a rebuild in place is limited to: rows of the sessions, users or documents that changed. -#}

{#- A condition for a model's import CTEs: rows whose key has been touched since the model was last
    built; all rows where it is built whole. It compiles to the text below, which the materialization
    in_place replaces, so that compiled SQL is the whole query and runs anywhere. -#}
{% macro is_touched(column) -%}
    true /* touched: {{ ([column] + (varargs | list)) | join(', ') }} */
{%- endmacro %}
