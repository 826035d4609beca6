/* SPDX-License-Identifier: MIT */
/**
 * @file registers.h
 * The registers, and their bits as far as they are used. Offsets are from the
 * first register of a locality. Names are those of PTP 1.05 and TIS 1.3.
 */
#ifndef VTPMRING_TIS_REGISTERS_H
#define VTPMRING_TIS_REGISTERS_H

/* both: bit 7 of the first register says that all of them are valid */
#define TIS_FIRST 0x00u
#define TIS_VALID 0x80u
#define TIS_RESERVED 0x40u /* is 0, so that all ones are no chip */
#define TIS_INTERFACE_ID 0x30u
#define TIS_TYPE_FIFO 0x0u /* of PTP */
#define TIS_TYPE_CRB 0x1u
#define TIS_TYPE_TIS 0xfu /* of TIS 1.3; all else is undefined */
#define TIS_CAP_LOCALITY 0x100u

/* FIFO */
#define TIS_ACCESS 0x00u
#define TIS_ACCESS_ACTIVE 0x20u /* written: let go */
#define TIS_ACCESS_SEIZED 0x10u /* written: clear it */
#define TIS_ACCESS_SEIZE 0x08u
#define TIS_ACCESS_REQUEST 0x02u
#define TIS_CAPABILITY 0x14u
#define TIS_CAPABILITY_VERSION(x) ((x) >> 28 & 7u)
#define TIS_VERSION_20 3u
#define TIS_STS 0x18u
#define TIS_STS_VALID 0x80u
#define TIS_STS_READY 0x40u
#define TIS_STS_GO 0x20u
#define TIS_STS_AVAILABLE 0x10u
#define TIS_STS_EXPECT 0x08u
#define TIS_STS_RETRY 0x02u
#define TIS_STS_BURST(x) ((x) >> 8 & 0xffffu)
#define TIS_STS_3 0x1bu /* the last byte of it */
#define TIS_STS_3_CANCEL 0x01u
#define TIS_FIFO 0x24u
#define TIS_DID_VID 0xf00u

/* CRB */
#define CRB_LOC_CTRL 0x08u
#define CRB_LOC_CTRL_REQUEST 0x01u
#define CRB_LOC_CTRL_RELINQUISH 0x02u
#define CRB_LOC_CTRL_SEIZE 0x04u
#define CRB_LOC_STS 0x0cu
#define CRB_LOC_STS_GRANTED 0x01u
#define CRB_DID_VID 0x34u
#define CRB_REQ 0x40u
#define CRB_REQ_READY 0x01u
#define CRB_REQ_IDLE 0x02u
#define CRB_STS 0x44u
#define CRB_STS_ERROR 0x01u
#define CRB_STS_IDLE 0x02u
#define CRB_CANCEL 0x48u
#define CRB_START 0x4cu
#define CRB_COMMAND_SIZE 0x58u
#define CRB_COMMAND_LOW 0x5cu
#define CRB_COMMAND_HIGH 0x60u
#define CRB_RESPONSE_SIZE 0x64u
#define CRB_RESPONSE_LOW 0x68u
#define CRB_RESPONSE_HIGH 0x6cu
#define CRB_BUFFER 0x80u

#endif
