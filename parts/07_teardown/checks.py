"""Part 7: nothing of the lab is left behind, and nothing of anybody else is touched."""

from checker.checks import check, expect


@check("7.1", points=5, within_s=900)
def everything_of_terraform_is_gone(lab):
    """The script removes everything that Terraform made."""
    after = lab.teardown.run()
    expect(
        not after.script_problem and not after.left_of_terraform,
        expected=f"bin/teardown.sh succeeds, and none of the {after.made} resources is listed any more",
        got=after.script_problem or ", ".join(map(str, after.left_of_terraform)),
        because=after.story,
        fix=after.place_to_fix,
    )


@check("7.2", points=3, needs=everything_of_terraform_is_gone)
def what_terraform_does_not_own_is_gone(lab):
    """What Terraform does not own is gone, too: log group, QuickSight source, key files."""
    after = lab.teardown.run()
    expect(
        not after.left_besides and not after.left_files,
        expected="no log group of the function, no QuickSight source, no key files",
        got=", ".join([*map(str, after.left_besides), *after.left_files]),
        because="Lambda made its log group itself, a script made the source, the kit wrote the keys: no state lists them",
        fix="bin/teardown.sh",
    )


@check("7.3", points=2, needs=everything_of_terraform_is_gone)
def nothing_of_others_is_touched(lab):
    """Resources of somebody else are untouched."""
    after = lab.teardown.run()
    expect(
        not after.harmed,
        expected="everything of the neighbour is still there",
        got=", ".join(f"{resource} is gone" for resource in after.harmed),
        because="a name that only begins like one of yours belongs to somebody else",
        fix="bin/teardown.sh: remove by exact name",
    )
