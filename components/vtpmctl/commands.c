/* SPDX-License-Identifier: MIT */
/* Which commands there are. */
#include "command.h"

#define ROOT                                                                   \
    {                                                                          \
        "root", "ROOT", "key-file:PATH or tpm:TCTI, as vtpmmgr has it"         \
    }
#define APPROVALS                                                              \
    {                                                                          \
        "approvals", "FOLDER", "approvals that the TPM may open by"            \
    }
#define PARENT_AUTH                                                            \
    {                                                                          \
        "parent-auth", "FILE", "password of the TPM's storage parent"          \
    }
#define ROOT_OPTIONS ROOT, APPROVALS, PARENT_AUTH
#define LABEL                                                                  \
    {                                                                          \
        "label", "TEXT", "what approvals are for (default vtpmmgr)"            \
    }
#define GROUP                                                                  \
    {                                                                          \
        "group", "N", "which group (default 0)"                                \
    }
#define END                                                                    \
    {                                                                          \
        NULL, NULL, NULL                                                       \
    }
#define OPTIONS(...)                                                           \
    (const struct ctl_option[])                                                \
    {                                                                          \
        __VA_ARGS__, END                                                       \
    }

const struct ctl_command ctl_commands[] = {
    {"status", ctl_status, "", 0, 0, true, true,
     OPTIONS({"watch", NULL, "again and again, until it is interrupted"},
             {"interval", "SECONDS", "how often (default 2)"}),
     "the manager, its root, its store, and who is connected"},

    {"vtpm list", ctl_vtpm_list, "", 0, 0, true, true,
     OPTIONS({"group", "N", "only those of this group"},
             {"long", NULL, "flags, saves and label of each"}),
     "all vTPMs"},
    {"vtpm add", ctl_vtpm_add, "[UUID]", 0, 1, true, false,
     OPTIONS(GROUP, {"admin", NULL, "it may manage"}),
     "make a vTPM known; prints its UUID\n"
     "Without a UUID the manager makes one. The vTPM gets its TPM when vtpm\n"
     "starts with this UUID."},
    {"vtpm remove", ctl_vtpm_remove, "UUID", 1, 1, true, false, NULL,
     "forget a vTPM and its key\n"
     "What it has stored cannot be opened any more, by nobody. One that is in\n"
     "use is not removed."},
    {"vtpm show", ctl_vtpm_show, "UUID", 1, 1, true, true, NULL, "one vTPM"},

    {"group list", ctl_group_list, "", 0, 0, true, true, NULL, "all groups"},
    {"group new", ctl_group_new, "KEY", 1, 1, true, false,
     OPTIONS({"ca-digest", "HEX", "SHA-1 of the privacy CA's label and key"}),
     "make a group; prints its UUID\n"
     "KEY is the public key of who approves its lists: RSA of 2048 bits, in\n"
     "PEM."},
    {"group remove", ctl_group_remove, "N", 1, 1, true, false, NULL,
     "forget a group that has no vTPMs"},
    {"group show", ctl_group_show, "N", 1, 1, true, true, NULL,
     "one group, with its approved list"},
    {"group sign", ctl_group_sign, "LIST", 1, 1, false, false,
     OPTIONS({"key", "FILE", "private key of who approves lists, in PEM"},
             {"out", "FILE", "write it there (default stdout)"}),
     "sign a list of the domains that a group's vTPMs may be in\n"
     "LIST is a text file; vtpmctl(8) has its form. Needs no TPM and no\n"
     "manager."},
    {"group update", ctl_group_update, "N LIST", 2, 2, true, false, NULL,
     "give a group another signed list\n"
     "Its sequence must be greater than that of the list before."},

    {"group key", ctl_group_key, "N", 1, 1, true, false,
     OPTIONS({"out", "FILE", "as tpm2-tools take it, not as PEM"}),
     "print the public key that signs a group's quotes"},
    {"group activate", ctl_group_activate, "N CREDENTIAL", 2, 2, true, false,
     NULL,
     "show that a group's key is in the TPM of the endorsement key\n"
     "CREDENTIAL is a file of tpm2_makecredential for both keys; prints the\n"
     "secret in it."},

    {"endorsement", ctl_endorsement, "", 0, 0, true, false,
     OPTIONS({"out", "FILE", "as tpm2-tools take it, not as PEM"},
             {"certificate", "FILE", "write its maker's certificate there"}),
     "print the endorsement key of the hardware TPM"},
    {"quote", ctl_quote, "[UUID]", 0, 1, true, false,
     OPTIONS({"nonce", "HEX", "what the verifier has drawn"},
             {"out", "FILE", "write it there"},
             {"pcrs", "BANK:N,N", "which PCRs"},
             {"group", "N", "whose key signs (default the vTPM's)"},
             {"endorsement", "HEX", "SHA-256 of the vTPM's own EK"}),
     "evidence of the hardware TPM, about this vTPM or none"},
    {"verify", ctl_verify, "FILE [BANK:N=HEX...]", 1, -1, false, true,
     OPTIONS({"key", "FILE", "the group's public key, in PEM"},
             {"nonce", "HEX", "what was asked for"},
             {"uuid", "UUID", "it must be about this vTPM"},
             {"endorsement", "HEX", "and this EK of it"}),
     "check evidence; needs no TPM and no manager\n"
     "PCRs that are named must be in it, with these values. Prints what it\n"
     "says."},

    {"store check", ctl_store_check, "STORE", 1, 1, false, true,
     OPTIONS(ROOT_OPTIONS),
     "whether a store is whole\n"
     "Without a root: header, marks, envelope, and that the blocks follow "
     "each\n"
     "other. With it: all of it. Shows no secret, changes nothing, and may be\n"
     "used while the manager runs."},
    {"seal status", ctl_seal_status, "STORE", 1, 1, false, true,
     OPTIONS(ROOT_OPTIONS),
     "to what the root key of a store is sealed\n"
     "With the root of a hardware TPM: whether it opens in the state that the\n"
     "machine is in, and if not, which PCRs differ."},
    {"seal request", ctl_seal_request, "", 0, 0, false, false,
     OPTIONS(ROOT, {"pcrs", "BANK:N,N", "which (default those of vtpmmgr)"},
             LABEL),
     "print the state that this machine is in, to be approved"},
    {"approve", ctl_approve, "[REQUEST | BANK:N=HEX...]", 1, -1, false, false,
     OPTIONS({"key", "FILE", "private key of the approval agent, in PEM"},
             LABEL, {"out", "FILE", "write it there (default stdout)"}),
     "sign a state of a machine, so that its root key opens in it\n"
     "The state is a request, as seal request prints it, or values of PCRs, "
     "as\n"
     "sha256:7=HEX. Needs no TPM and no manager. The manager takes files with\n"
     "names that end in .approval from the folder of its --approvals."},
    {"backup", ctl_backup, "STORE FILE", 2, 2, false, false,
     OPTIONS(ROOT_OPTIONS),
     "copy a store, also while the manager runs\n"
     "FILE must not exist. With a root, the copy is opened to see that it is\n"
     "good."},
    {"restore", ctl_restore, "FILE STORE", 2, 2, false, false,
     OPTIONS(ROOT_OPTIONS),
     "make a store from a backup\n"
     "STORE must be absent or blank. A copy that is older than the root's\n"
     "counter says is refused."},
    {NULL, NULL, NULL, 0, 0, false, false, NULL, NULL},
};
