# Plan 20261123T010203Z-host of exp1_launch_latency,
# exported by `grosr plan`. Not to be edited: the ids are those of plan.json.
#   reframe -C SITE.py -c THIS_FILE -r       (-S grosr=/path/to/grosr, -S out=DIR)
# then merge the folders DIR/shard-* with `grosr merge`.
import os

import reframe as rfm
import reframe.utility.sanity as sn

# One shard a line: the ids of its points, and its time limit in seconds.
SHARDS = [
    ('00000000000000a1,00000000000000a2', 1500),
    ('00000000000000a3,00000000000000a4', 7500),
    ('00000000000000a5', 600),
]


@rfm.simple_test
class grosr_exp1_launch_latency(rfm.RunOnlyRegressionTest):
    descr = 'GROSR: exp1_launch_latency, tier paper, device cuda:0'
    valid_systems = ['*']
    valid_prog_environs = ['*']
    shard = parameter(range(len(SHARDS)))
    grosr = variable(str, value='grosr')
    out = variable(str, value='grosr-20261123T010203Z-host')
    exclusive_access = True
    num_tasks = 1

    @run_before('run')
    def set_command(self):
        points, seconds = SHARDS[self.shard]
        out = os.path.join(os.path.abspath(self.out), f'shard-{self.shard}')
        self.executable = self.grosr
        self.executable_opts = [
            'run', 'exp1_launch_latency',
            '--device=cuda:0',
            '--tier=paper',
            '--variant=grosr,spin,none',
            '--factor=tasks=1:10',
            '--seed=7',
            '--samples=2000',
            '--processes=5',
            f'--points={points}', f'--out={out}']
        self.time_limit = f'{seconds}s'

    @sanity_function
    def every_point_is_ok(self):
        return sn.assert_eq(self.job.exitcode, 0, 'see points.csv for the reason')
