"""Structure rows, continued: video devices (Video4Linux 2).

The grammar and conventions are those of `sysnames.structs`; unions are stored as what aligns
and sizes them, and printed by a shape.  Source: linux/videodev2.h of Linux 7.2.
"""
from __future__ import annotations

_TYPE = "enum(v4l2_buf_types):uint"
_FIELD = "enum(v4l2_fields):uint"
_COLORS = "enum(v4l2_colorspaces):uint"
_PARM = ("capability flags(v4l2_streaming_capabilities):uint, "
         "{0}mode flags(v4l2_capture_modes):uint, timeperframe array(uint, 2), "
         "extendedmode hex:uint, {1}buffers uint, _reserved array(uint, 4)")

STRUCTS: dict[str, str] = {
    "v4l2_rect": "left int, top int, width uint, height uint",
    "v4l2_capability": "driver chars(16), card chars(32), bus_info chars(32), "
    "version kernel_version:uint, capabilities flags(v4l2_device_capabilities_flags):uint, "
    "device_caps flags(v4l2_device_capabilities_flags):uint, _reserved array(uint, 3)",
    "v4l2_fmtdesc": f"index uint, type {_TYPE}, "
    "flags flags(v4l2_format_description_flags):uint, description chars(32), "
    "pixelformat pixel_format(v4l2_pix_fmts):uint, _mbus_code uint, _reserved array(uint, 3)",
    # --- formats --------------------------------------------------------------------------------
    "v4l2_pix_format": "width uint, height uint, pixelformat pixel_format(v4l2_pix_fmts):uint, "
    f"field {_FIELD}, bytesperline uint, sizeimage uint, colorspace {_COLORS}, _priv uint, "
    "_flags uint, _ycbcr_enc uint, _quantization uint, _xfer_func uint",
    "v4l2_plane_pix_format": "sizeimage uint, bytesperline uint, _reserved array(ushort, 6); "
    "packed",
    "v4l2_pix_format_mplane": "width uint, height uint, "
    f"pixelformat pixel_format(v4l2_pix_fmts):uint, field {_FIELD}, colorspace {_COLORS}, "
    "plane_fmt upto(v4l2_plane_pix_format, num_planes, 8), num_planes uchar, _flags uchar, "
    "_ycbcr_enc uchar, _quantization uchar, _xfer_func uchar, _reserved bytes(7); packed",
    "v4l2_clip": "c v4l2_rect, _next addr",
    "v4l2_window": f"w v4l2_rect, field {_FIELD}, chromakey hex:uint, clips addr, "
    "clipcount uint, bitmap addr, global_alpha hex:uchar",
    "v4l2_vbi_format": "sampling_rate uint, offset uint, samples_per_line uint, "
    "sample_format pixel_format(v4l2_pix_fmts):uint, start array(int, 2), count array(uint, 2), "
    "flags flags(v4l2_vbi_flags):uint, _reserved array(uint, 2)",
    "v4l2_sliced_vbi_format": "service_set flags(v4l2_sliced_flags):ushort, "
    "service_lines array(array(hex, 24), 2):ushort, io_size uint, _reserved array(uint, 2)",
    "v4l2_sdr_format": "pixelformat pixel_format(v4l2_sdr_fmts):uint, buffersize uint, "
    "_reserved bytes(24); packed",
    "v4l2_meta_format": "dataformat pixel_format(v4l2_meta_fmts):uint, buffersize uint, "
    "_width uint, _height uint, _bytesperline uint; packed",
    "v4l2_format": f"type {_TYPE}, fmt array(ulong, 25)",
    "v4l2_format@32": f"type {_TYPE}, fmt array(ulong, 50)",
    "v4l2_create_buffers": "index uint, count uint, memory enum(v4l2_memories):uint, "
    "format v4l2_format, _capabilities uint, _flags uint, _max_num_buffers uint, "
    "_reserved array(uint, 5)",
    # --- buffers --------------------------------------------------------------------------------
    "v4l2_requestbuffers": f"count uint, type {_TYPE}, memory enum(v4l2_memories):uint, "
    "_capabilities uint, _flags uchar, _reserved bytes(3)",
    "v4l2_buffer": f"index uint, type {_TYPE}, bytesused uint, flags v4l2_buffer_flags:uint, "
    f"field {_FIELD}, timestamp timeval, _timecode array(uint, 4), _sequence uint, "
    "memory enum(v4l2_memories):uint, m ulong, length uint, _reserved2 uint, _request_fd int",
    "v4l2_buffer@32": f"index uint, type {_TYPE}, bytesused uint, flags v4l2_buffer_flags:uint, "
    f"field {_FIELD}, timestamp timex_timeval64, _timecode array(uint, 4), _sequence uint, "
    "memory enum(v4l2_memories):uint, m ulong, length uint, _reserved2 uint, _request_fd int",
    "v4l2_framebuffer": "capability hex:uint, flags hex:uint, base addr, _fmt array(uint, 8)",
    # --- streams, standards, inputs, tuners -----------------------------------------------------
    "v4l2_captureparm": _PARM.format("capture", "read"),
    "v4l2_outputparm": _PARM.format("output", "write"),
    "v4l2_streamparm": f"type {_TYPE}, parm array(uint, 50)",
    "v4l2_standard": "index uint, _id u64, name chars(24), frameperiod array(uint, 2), "
    "framelines uint, _reserved array(uint, 4)",
    "v4l2_input": "index uint, name chars(32), type enum(v4l2_input_types):uint, "
    "_audioset uint, _tuner uint, _std u64, _status uint, _capabilities uint, "
    "_reserved array(uint, 3)",
    "v4l2_tuner": "index uint, name chars(32), type enum(v4l2_tuner_types):uint, "
    "capability flags(v4l2_tuner_capabilities):uint, rangelow uint, rangehigh uint, "
    "rxsubchans flags(v4l2_tuner_rxsubchanses):uint, audmode enum(v4l2_tuner_audmodes):uint, "
    "signal int, afc int, _reserved array(uint, 4)",
    "v4l2_cropcap": f"type {_TYPE}, bounds v4l2_rect, defrect v4l2_rect, "
    "pixelaspect array(uint, 2)",
    "v4l2_crop": f"type {_TYPE}, c v4l2_rect",
    # --- controls -------------------------------------------------------------------------------
    "v4l2_control": "id v4l2_cid:uint, value int",
    "v4l2_queryctrl": "id v4l2_next_cid:uint, type enum(v4l2_control_types):uint, name chars(32), "
    "minimum int, maximum int, step int, default_value int, flags flags(v4l2_control_flags):uint, "
    "reserved list(hex, 2):uint",
    "v4l2_query_ext_ctrl": "id v4l2_next_cid:uint, type enum(v4l2_control_types):uint, "
    "name chars(32), minimum s64, maximum s64, step u64, default_value s64, "
    "flags flags(v4l2_control_flags):uint, elem_size uint, elems uint, nr_of_dims uint, "
    "dims upto(uint, nr_of_dims, 4):uint, reserved list(hex, 32):uint",
    "v4l2_ext_control": "id enum(v4l2_control_ids):uint, size uint, _reserved2 uint, "
    "value64 s64; packed",
    "v4l2_ext_controls": "ctrl_class enum(v4l2_control_classes):uint, count uint, "
    "error_idx uint, request_fd int, _reserved uint, controls addr",
    # --- sizes and intervals --------------------------------------------------------------------
    "v4l2_frmsize_discrete": "width uint, height uint",
    "v4l2_frmsize_stepwise": "min_width uint, max_width uint, step_width uint, min_height uint, "
    "max_height uint, step_height uint",
    "v4l2_frmsizeenum": "index uint, pixel_format pixel_format(v4l2_pix_fmts):uint, "
    "type enum(v4l2_framesize_types):uint, sizes array(uint, 6), _reserved array(uint, 2)",
    "v4l2_frmival_stepwise": "min array(uint, 2), max array(uint, 2), step array(uint, 2)",
    "v4l2_frmivalenum": "index uint, pixel_format pixel_format(v4l2_pix_fmts):uint, width uint, "
    "height uint, type enum(v4l2_frameinterval_types):uint, intervals array(uint, 6), "
    "_reserved array(uint, 2)",
}
