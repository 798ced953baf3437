{#- Written by 'make marts' from the YAML in models/marts. -#}

{{ reporting_view('learners', learner='user_id') }}
