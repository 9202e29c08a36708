# Counts tests in the output of `ctest -V`: prints "passed failed".
#
# A Criterion program is one test for ctest and many for us: its own summary counts.  A program that ctest calls
# failed though its summary shows no failure (a sanitizer's report at exit, a time-out, a crash) adds one failure.

/^[0-9]+: \[====\] Synthesis:/ {
    n = $1
    sub(/:$/, "", n)
    for (i = 1; i < NF; i++) {
        if ($i == "Passing:") passing[n] = $(i + 1)
        if ($i == "Failing:") failing[n] = $(i + 1)
    }
    seen[n] = 1
}

/^ *[0-9]+\/[0-9]+ +Test +#[0-9]+:/ {
    n = $0
    sub(/^[^#]*#/, "", n)
    sub(/:.*/, "", n)
    good = / Passed +[0-9.]+ sec/
    if (n in seen) {
        passed += passing[n]
        failed += failing[n]
        if (!good && failing[n] == 0) failed++
    } else if (good) {
        passed++
    } else {
        failed++
    }
}

END { print passed + 0, failed + 0 }
