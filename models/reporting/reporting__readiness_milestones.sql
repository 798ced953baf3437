{#- Written by 'make marts' from the YAML in models/marts. -#}

{{ reporting_view('readiness_milestones', learner='user_id') }}
