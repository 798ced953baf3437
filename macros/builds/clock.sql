{#- A database clock that ran ahead: builds and loads are then dated later than those that follow them. -#}

{#- On-run-start: nothing can take such times back, and whoever reads "as of" has to know. -#}
{% macro warn_of_clock() -%}
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
{%- endmacro %}


{#- What the base model queued for a model that also reads documents may come from a younger build. Read as of an
    older cutoff it would be missed for good, for no build queues it again. So this build stops, and the next
    one goes on. But where the other is only dated later, by a clock that ran ahead, no build would ever go
    on: then the model is compared whole, and once more by the next build. -#}
{% macro is_overtaken_by_a_clock() -%}
    {%- if not model.sources or config.get('landing') -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set later = run_query(
        "select count(*), coalesce(max(other.cutoff_at) > clock_timestamp(), false)"
        ~ " from " ~ builds_relation() ~ " as mine"
        ~ " inner join " ~ builds_relation() ~ " as other on mine.cutoff_at < other.cutoff_at"
        ~ " where mine.invocation_id = '" ~ invocation_id ~ "'"
    ).rows[0] -%}
    {%- if later[0] and not later[1] -%}
        {%- do exceptions.raise_compiler_error(
            "another build began after this one, which stops here. Nothing is lost: the next build goes on."
        ) -%}
    {%- endif -%}
    {%- if later[0] -%}
        {%- do exceptions.warn(
            model.name ~ " is compared whole, now and once more by the next build: a build whose clock ran "
            ~ "ahead may have queued documents that are still to come."
        ) -%}
    {%- endif -%}
    {{ return(later[0] > 0) }}
{%- endmacro %}
