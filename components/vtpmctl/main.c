/* SPDX-License-Identifier: MIT */
/* vtpmctl: the administrator's side of the manager. */
#include "command.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>

int main(int argc, char **argv)
{
    struct ctl_args args;
    struct vtpm_error err = {""};
    int code = ctl_parse(argc, argv, &args);

    if (code >= 0)
        return code;
    (void)signal(SIGPIPE, SIG_IGN);
    /* keys are in our memory: no core dump, no tracer */
    (void)prctl(PR_SET_DUMPABLE, 0);
    code = (int)args.command->run(&args, &err);
    if (code == CTL_OK && fflush(stdout) != 0)
        code = (int)ctl_fail(&err, CTL_FAILED,
                             "cannot write the result; see who reads it");
    if (code == CTL_USAGE)
        fprintf(stderr, "vtpmctl %s: %s; see vtpmctl %s --help\n",
                args.command->name, err.text, args.command->name);
    else if (code != CTL_OK)
        fprintf(stderr, "vtpmctl %s: %s\n", args.command->name, err.text);
    return code;
}
