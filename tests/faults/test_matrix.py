"""The matrix: what can go wrong, the tests that do it for real, and those that do it with the guard switched off."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PLUGIN, OFF, CAPS = "faults/test_plugin_faults.py", "faults/test_guards_off.py", "faults/test_caps.py"
KEPT, KILLS, RUNS = "faults/test_persistence.py", "faults/test_kills.py", "faults/test_confined_runs.py"
OWN, HOSTILE, PARTS = "faults/test_own_faults.py", "faults/test_hostile_plugins.py", "faults/test_part_faults.py"
SUPERVISOR, JOB_FILE = "execution/test_supervisor.py", "execution/test_job_file.py"
OUTCOME = "test_a_fault_fails_its_candidate_with_stage_reason_seconds_and_log"
NEIGHBOURS = "test_the_neighbours_of_faulty_plugins_are_equal_to_the_bit"

MATRIX = {  # fault → (tests of the fault, tests without its guard), each as (file, functions…)
    "raises, in every stage": (
        [(PLUGIN, OUTCOME, NEIGHBOURS, "test_a_fault_in_the_density_stage_is_shown_and_costs_the_likelihood_alone")],
        [(OFF, "test_without_the_workers_catch_the_reason_is_lost")],
    ),
    "hangs, and does not listen": (
        [
            (
                PLUGIN,
                "test_a_model_that_hangs_is_stopped_at_its_limit",
                "test_a_sampler_that_hangs_is_stopped_at_its_limit",
            )
        ],
        [(OFF, "test_without_a_limit_a_hang_lasts", "test_without_sigkill_who_ignores_sigterm_stays")],
    ),
    "segfaults, aborts": (
        [(PLUGIN, OUTCOME, "test_the_tail_of_the_log_says_where_it_happened")],
        [(OFF, "test_an_import_without_a_process_of_its_own_is_the_harnesses")],
    ),
    "exits as if all were well": (
        [(PLUGIN, OUTCOME), (SUPERVISOR, "test_exit_code_0_without_facts_is_no_evidence")],
        [(OFF, "test_without_asking_for_facts_a_silent_exit_would_count")],
    ),
    "takes the host's memory": (
        [(CAPS, "test_memory_beyond_the_cap_ends_the_call_and_says_how_much_it_was")],
        [(OFF, "test_without_the_cap_memory_is_taken")],
    ),
    "takes the device's memory": (
        [(PLUGIN, OUTCOME), ("execution/test_device_memory.py", "test_torch_may_take_its_share_of_a_card")],
        [(OFF, "test_without_its_signs_device_memory_is_an_error_like_any")],
    ),
    "leaves a wrong tensor": (
        [
            (
                "store/test_tensors.py",
                "test_samples_of_another_kind_are_refused",
                "test_a_file_of_anything_else_is_refused",
            )
        ],
        [(OFF, "test_without_the_check_of_samples_a_wrong_tensor_is_scored")],
    ),
    "floods its output": (
        [(CAPS, "test_a_flood_of_output_is_kept_from_both_ends_and_stops_nothing")],
        [(OFF, "test_without_the_cap_the_log_grows_with_the_output")],
    ),
    "forges lines and markers": (
        [
            (PLUGIN, "test_a_vandal_harms_itself_at_most"),
            (SUPERVISOR, "test_a_forged_marker_spoils_no_outcome"),
        ],
        [(OFF, "test_a_forged_lap_counts_on_the_marker_socket_and_nowhere_else")],
    ),
    "leaves daemons that hold our pipe": (
        [(CAPS, "test_a_daemon_that_left_its_session_is_ended_with_its_call")],
        [
            (CAPS, "test_without_adoption_the_daemon_would_stay"),
            (OFF, "test_waiting_for_the_end_of_the_output_would_wait_for_a_daemon"),
        ],
    ),
    "fills the disk": (
        [
            (CAPS, "test_a_folder_beyond_the_cap_is_disk_full"),
            (KILLS, "test_a_disk_that_is_really_full_keeps_its_old_records_and_says_so_in_one_line"),
        ],
        [(OFF, "test_without_the_cap_a_huge_file_is_written")],
    ),
    "changes the data": (
        [(PLUGIN, "test_a_vandal_harms_itself_at_most", NEIGHBOURS)],
        [(OFF, "test_data_that_are_not_copied_on_write_would_change_for_all")],
    ),
    "changes torch, time and the environment": (
        [(PLUGIN, "test_a_vandal_harms_itself_at_most", NEIGHBOURS)],
        [(OFF, "test_without_a_process_each_torchs_defaults_reach_the_next")],
    ),
    "the harness is killed": (
        [
            (KILLS, "test_a_run_killed_at_random_and_resumed_ends_with_the_table_of_an_undisturbed_one"),
            (KILLS, "test_nothing_survives_a_kill_not_even_a_daemon"),
            (KILLS, "test_ctrl_c_twice_ends_at_once_what_does_not_listen"),
        ],
        [
            (OFF, "test_a_child_that_does_not_ask_to_die_with_its_parent_outlives_it"),
            ("store/test_checkpoints.py", "test_without_the_random_generators_the_bytes_would_differ"),
        ],
    ),
    "two runs on one folder": (
        [("runs/test_session.py", "test_a_second_coordinator_of_a_folder_is_told_who_holds_it")],
        [(OFF, "test_without_the_lock_two_runs_share_a_folder")],
    ),
    "a file rots": (
        [
            (KEPT, "test_a_flipped_bit_is_named_and_its_stage_runs_again_with_the_same_result"),
            (KEPT, "test_cached_features_that_rot_are_set_aside_and_computed_again"),
            (KEPT, "test_data_that_rot_are_set_aside_and_laid_down_again", "test_a_record_that_rots_is_written_again"),
            (
                "records/test_record_files.py",
                "test_a_record_that_was_changed_after_it_was_written_is_refused_by_name",
            ),
        ],
        [(OFF, "test_without_hashes_a_flipped_bit_would_count")],
    ),
    "always crashes": (
        [(KEPT, "test_a_plugin_that_dies_three_times_in_a_row_is_left_alone")],
        [(OFF, "test_without_patience_every_trial_of_a_dying_plugin_dies")],
    ),
    "breaks or hangs in its import": (
        [
            (PLUGIN, "test_a_plugin_whose_import_fails_is_a_fault_of_the_catalogue_and_stops_no_other"),
            (PLUGIN, "test_an_import_that_hangs_is_given_up"),
            ("alone/test_listing_broken_plugins.py", "test_broken_plugins_are_listed_within_a_second"),
        ],
        [(OFF, "test_an_import_without_a_process_of_its_own_is_the_harnesses")],
    ),
    "leaves and says what nobody expects": (
        [(HOSTILE, "test_harm_costs_its_own_candidate_and_is_told")],
        [("execution/test_clock.py", "test_a_null_call_that_somebody_slowed_takes_at_most_half_of_a_time_away")],
    ),
    "reads, writes and connects where it may not": (
        [(CAPS, "test_a_confined_plugin_cannot")],
        [(CAPS, "test_an_unconfined_plugin_can")],
    ),
    "reads test rows, keys, secrets or its neighbours": (
        [
            (
                RUNS,
                "test_a_stage_reads_what_its_inputs_name_and_nothing_else",
                "test_a_listing_reads_nothing_that_a_later_stage_could_be_told",
            )
        ],
        [
            (
                RUNS,
                "test_without_confinement_it_reads_everything_that_is_there",
                "test_who_asked_for_all_files_reads_them_and_the_record_says_so",
            )
        ],
    ),
    "knows a scored draw before it is asked": (
        [
            (
                RUNS,
                "test_no_secret_can_be_found_before_go",
                "test_who_asks_early_and_twice_is_told_once_and_leaves_no_evidence",
            )
        ],
        [
            (
                RUNS,
                "test_without_confinement_the_runs_secret_is_found",
                "test_without_the_clocks_word_a_secret_that_was_taken_early_would_count",
            )
        ],
    ),
    "a bug of genbench's own": (
        [
            (
                OWN,
                "test_a_bug_in_the_conductor_is_told_as_genbenchs_own_and_ends_what_runs",
                "test_the_command_tells_it_in_one_line",
            ),
            ("execution/test_executors.py", "test_an_error_ends_all_that_runs_before_it_is_raised"),
        ],
        [
            (
                OWN,
                "test_what_a_plugin_raises_is_its_own_whatever_it_is",
                "test_what_a_plugin_raises_under_the_debugger_is_its_own_as_well",
            )
        ],
    ),
    "a part of the scorer fails": (
        [
            (
                PARTS,
                "test_a_metric_that_raises_costs_its_own_cells",
                "test_a_metric_that_ends_the_scorer_is_told_and_keeps_the_evidence",
            )
        ],
        [(OFF, "test_an_import_without_a_process_of_its_own_is_the_harnesses")],
    ),
    "whoever carries out a job file is killed": (
        [
            (
                JOB_FILE,
                "test_a_killed_one_leaves_what_had_ended_and_nothing_that_runs",
                "test_a_trials_ready_calls_are_carried_out_one_after_the_other_until_it_is_told_to_stop",
            )
        ],
        [(OFF, "test_a_child_that_does_not_ask_to_die_with_its_parent_outlives_it")],
    ),
}


@pytest.mark.parametrize("fault", MATRIX)
def test_every_fault_is_injected_with_its_guard_and_without(fault: str):
    for named in MATRIX[fault]:
        assert named
        for file, *functions in named:
            tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
            assert set(functions) <= {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
