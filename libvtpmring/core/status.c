/* SPDX-License-Identifier: MIT */
#include <vtpmring/status.h>

static const struct {
    const char *name, *text;
} statuses[VTPMRING_STATUS_COUNT] = {
    [VTPMRING_OK] = {"OK", "done"},
    [VTPMRING_AGAIN] = {"AGAIN", "not yet"},
    [VTPMRING_CLOSED] = {"CLOSED", "the connection is closed"},
    [VTPMRING_CANCELED] = {"CANCELED", "the command was cancelled"},
    [VTPMRING_EINVAL] = {"EINVAL", "an argument is out of range"},
    [VTPMRING_ESTATE] = {"ESTATE", "the call does not fit the state"},
    [VTPMRING_ENOBUF] = {"ENOBUF", "the packet is larger than the room for it"},
    [VTPMRING_EPEER_LENGTH] = {"EPEER_LENGTH",
                               "the peer's packet has an impossible length"},
    [VTPMRING_EPEER_HEADER] = {"EPEER_HEADER",
                               "the peer's packet has a wrong size field"},
    [VTPMRING_EPEER_STATE] =
        {"EPEER_STATE", "the peer wrote a page state that is not its own"},
    [VTPMRING_EPEER_STRING] = {"EPEER_STRING",
                               "the peer wrote an unreadable xenstore value"},
    [VTPMRING_EPEER_FEATURE] = {"EPEER_FEATURE",
                                "the peer does not speak protocol version 2"},
    [VTPMRING_EPEER_REFUSED] = {"EPEER_REFUSED",
                                "the peer closed instead of connecting"},
    [VTPMRING_EPEER_GONE] = {"EPEER_GONE", "the peer went away"},
    [VTPMRING_EPEER_TIMEOUT] = {"EPEER_TIMEOUT",
                                "the peer did not answer in time"},
    [VTPMRING_EPORT] = {"EPORT", "a call of the platform failed"},
    [VTPMRING_ENOMEM] = {"ENOMEM", "out of memory, or of a quota of xenstore"},
    [VTPMRING_EUNSUPPORTED] = {"EUNSUPPORTED",
                               "the platform does not support this"},
};

const char *vtpmring_status_name(enum vtpmring_status status)
{
    size_t i = (size_t)status;

    return i < VTPMRING_STATUS_COUNT ? statuses[i].name : "?";
}

const char *vtpmring_status_text(enum vtpmring_status status)
{
    size_t i = (size_t)status;

    return i < VTPMRING_STATUS_COUNT ? statuses[i].text : "unknown status";
}

bool vtpmring_status_is_peer(enum vtpmring_status status)
{
    return status >= VTPMRING_EPEER_LENGTH && status <= VTPMRING_EPEER_TIMEOUT;
}
