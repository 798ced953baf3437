-- What: the formula that the var readiness_formula names has a window, weighted components and skills.
-- Why it matters: a misspelt formula would leave readiness empty without any error.
-- How to resolve: correct the var, or add the missing rows to the seeds named readiness_….

with

formulas as (

    select formula_version
    from {{ ref('readiness_formulas') }}
    where formula_version = '{{ var("readiness_formula") }}' and window_days > 0

),

components as (

    select
        formula_version,
        component
    from {{ ref('readiness_components') }}
    where
        weight > 0
        and component in ('technical', 'communication', 'structure', 'behavioral')

),

skills as (

    select
        formula_version,
        component
    from {{ ref('readiness_skills') }}

),

usable as (

    select formulas.formula_version
    from formulas
    inner join components on formulas.formula_version = components.formula_version
    inner join skills
        on
            components.formula_version = skills.formula_version
            and components.component = skills.component

),

-- Skills of a component that has no weight would never count.
final as (

    select '{{ var("readiness_formula") }} cannot be computed' as finding
    where not exists (select 1 from usable)

    union all

    select skills.formula_version || ' gives no weight to ' || skills.component as finding
    from skills
    left join components
        on
            skills.formula_version = components.formula_version
            and skills.component = components.component
    where components.component is null

)

select * from final
