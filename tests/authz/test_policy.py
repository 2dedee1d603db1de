from chassis.policy import policy


def test_every_operation_that_needs_a_role_is_granted_to_one() -> None:
    known = policy()

    for_nobody = [
        f"{service}: {name}"
        for service, operations in known.operations.items()
        for name, operation in operations.items()
        if not operation.open_to and not known.granted(operation)
    ]

    assert for_nobody == []
