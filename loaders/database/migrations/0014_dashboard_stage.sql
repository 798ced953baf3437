-- A nightly run may end with a page of pictures.

alter table ops.run_stages
drop constraint run_stages_stage_check,
add constraint run_stages_stage_check check (
    stage in ('migrate', 'load', 'landing_gate', 'build', 'mart_checks', 'dashboard')
);
comment on column ops.run_stages.stage is
    'migrate, load, landing_gate, build, mart_checks or dashboard, in this order.';
