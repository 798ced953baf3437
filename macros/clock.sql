{#- on-run-start: a clock that ran ahead has left times that are still to come. Nothing can take them back;
    whoever reads "as of" has to know. -#}
{% macro warn_of_clock() -%}
    {%- if execute and is_opening_builds() -%}
        {%- set ahead = run_query(
            "select to_char(max(moment) at time zone 'UTC', 'YYYY-MM-DD HH24:MI') from ("
            ~ "select max(cutoff_at) from " ~ builds_relation()
            ~ " union all select max(started_at) from raw.loads) as moments (moment)"
            ~ " having max(moment) > clock_timestamp() + interval '1 minute'"
        ).rows -%}
        {%- if ahead -%}
            {%- do exceptions.warn(
                "The database's clock was ahead: builds or loads are dated up to " ~ ahead[0][0]
                ~ " UTC, which is still to come. Documents that landed with such times are read from "
                ~ "then on, and models that other builds have overtaken are compared whole until then."
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
