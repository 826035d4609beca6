/* SPDX-License-Identifier: MIT */
#include "rc.h"

TSS2_RC tcti_rc(enum vtpmring_status status)
{
    switch (status) {
    case VTPMRING_OK:
        return TSS2_RC_SUCCESS;
    case VTPMRING_AGAIN:
        return TSS2_TCTI_RC_TRY_AGAIN;
    case VTPMRING_EINVAL:
        return TSS2_TCTI_RC_BAD_VALUE;
    case VTPMRING_ESTATE:
        return TSS2_TCTI_RC_BAD_SEQUENCE;
    case VTPMRING_ENOBUF:
        return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
    case VTPMRING_ENOMEM:
        return TSS2_TCTI_RC_MEMORY;
    case VTPMRING_EUNSUPPORTED:
        return TSS2_TCTI_RC_NOT_SUPPORTED;
    default:
        return TSS2_TCTI_RC_IO_ERROR;
    }
}
