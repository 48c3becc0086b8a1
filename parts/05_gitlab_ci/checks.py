"""Part 5: GitLab tests, packages and deploys the function."""

from checker.checks import check, expect

STAGES = ["test", "package", "deploy"]


@check("5.1", points=4, reads_files_only=True)
def pipeline_has_its_stages(lab):
    """The pipeline is valid and has jobs in the stages test, package and deploy, in this order."""
    problems = lab.pipeline.problems()
    stages = {} if problems else lab.pipeline.stages()
    described = [f"{stage} ({' '.join(jobs) or 'no job'})" for stage, jobs in stages.items()]
    expect(
        not problems and [stage for stage in stages if stage in STAGES] == STAGES and all(map(stages.get, STAGES)),
        expected="a valid .gitlab-ci.yml with at least one job in each of the stages test, package, deploy",
        got="\n".join(problems) or f"stages and their jobs: {', '.join(described)}",
        because="GitLab runs nothing of a file that is not valid"
        if problems
        else "stages run in the order in which they are listed; a job without a stage runs in test",
        fix="stages and the jobs in .gitlab-ci.yml",
    )


@check("5.2", points=4, needs=pipeline_has_its_stages)
def pipeline_runs_green(lab):
    """The pipeline runs to its end without a failure."""
    run = lab.pipeline.run()
    statuses = {stage: run.status_of_stage(stage) for stage in STAGES}
    expect(
        run.status == "success" and set(statuses.values()) == {"success"},
        expected="every job of test, package and deploy succeeds",
        got=", ".join(f"{stage}: {status}" for stage, status in statuses.items()),
        because=run.summary,
        fix=run.place_to_fix,
    )


@check("5.3", points=4, needs=pipeline_runs_green)
def failing_unit_test_stops_the_pipeline(lab):
    """A failing unit test stops the pipeline before anything is deployed."""
    run = lab.pipeline.run(with_failing_test=True)
    expect(
        run.status_of_stage("test") == "failed" and run.status_of_stage("deploy") in ("skipped", "missing"),
        expected="the job of stage test fails, deploy is skipped",
        got=f"test: {run.status_of_stage('test')}, deploy: {run.status_of_stage('deploy')}",
        because=run.summary,
        fix="run pytest ac_control_lambda/tests in stage test; no allow_failure, no needs that passes it by",
    )


@check("5.4", points=4, needs=pipeline_runs_green)
def deployed_code_is_the_package(lab):
    """What is deployed is the package that the same pipeline made and handed on."""
    packages, deployed = lab.packages_and_deployed_code()
    expect(
        deployed in packages.values(),
        expected="a zip among the artifacts, and its very code deployed",
        got="\n".join([*(f"{name} is {sha}" for name, sha in packages.items()), f"deployed is {deployed}"])
        if packages
        else f"artifacts without a zip; deployed is {deployed}",
        because="a job begins with a fresh copy of the project; only artifacts are handed from stage to stage",
        fix="artifacts: paths: of the package job in .gitlab-ci.yml (build/ac_control_lambda.zip)",
    )


@check("5.5", points=4, needs=pipeline_has_its_stages, reads_files_only=True)
def no_credentials_in_the_repository(lab):
    """No credentials, no keys and no installed packages are in the repository, nor keys in its history."""
    found = lab.pipeline.secrets()
    expect(
        not found,
        expected="no access key, private key, certificate file or Terraform state in Git",
        got="\n".join(found),
        because="what was committed once stays in the history; credentials belong into masked CI/CD variables",
        fix="remove it from the files and the history, and revoke the key",
    )
    installed = lab.pipeline.installed_packages()
    expect(
        not installed,
        expected="no folder of installed packages in Git",
        got="\n".join(installed),
        because="a job installs what it needs, for its own Python; what one machine installed need not run on another",
        fix="git rm -r --cached of that folder, and its name in .gitignore",
    )
