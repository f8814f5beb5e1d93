"""How the structures of video devices print: see tracer.decode.shapes."""
from __future__ import annotations

_FORMAT = ("fmt.pix=fmt v4l2_pix_format ? type in 1,2; "
           "fmt.pix_mp=fmt v4l2_pix_format_mplane ? type in 9,10; "
           "fmt.win=fmt v4l2_window ? type in 3,8; "
           "fmt.vbi=fmt v4l2_vbi_format ? type in 4,5; "
           "fmt.sliced=fmt v4l2_sliced_vbi_format ? type in 6,7; "
           "fmt.sdr=fmt v4l2_sdr_format ? type in 11,12; "
           "fmt.meta=fmt v4l2_meta_format ? type in 13,14")
_BUFFER = ("memory; m.offset=m hex:uint ? memory == 1; m.userptr=m addr:ptr ? memory == 2; "
           "length; bytesused; flags")
_PARM = ("parm.capture=parm v4l2_captureparm ? type == 1; "
         "parm.output=parm v4l2_outputparm ? type == 2")
_CAPTURE = "capability; {0}mode; timeperframe fraction; extendedmode; {1}buffers"
_TUNER = ("name; type; capability; rangelow; rangehigh; rxsubchans; audmode; signal; afc")
_QUERY = "type; name; minimum ? full; maximum ? full; step ? full; default_value ? full"

SHAPES: dict[str, str] = {
    "v4l2_capability": "driver; card; bus_info; version; capabilities; device_caps ? device_caps",
    "v4l2_fmtdesc.in": "index; type",
    "v4l2_fmtdesc.out": "flags; description; pixelformat",
    "v4l2_window": "w; field; chromakey; clips elements(v4l2_clip, clipcount):ptr; clipcount; "
                   "bitmap; global_alpha ? global_alpha",
    "v4l2_sdr_format": "pixelformat; buffersize ? buffersize",
    "v4l2_format": f"type; {_FORMAT}",
    "v4l2_format.type": "type",
    "v4l2_format.fmt": _FORMAT,
    "v4l2_create_buffers": "count; memory; format",
    "v4l2_requestbuffers.in": "type; memory; count",
    "v4l2_buffer.in": "type; index",
    "v4l2_buffer.out": f"{_BUFFER}; ...",
    "v4l2_buffer.type": "type",
    "v4l2_buffer.dequeued": f"index; {_BUFFER}; timestamp; ...",
    "v4l2_captureparm": _CAPTURE.format("capture", "read"),
    "v4l2_outputparm": _CAPTURE.format("output", "write"),
    "v4l2_streamparm": f"type; {_PARM}",
    "v4l2_streamparm.type": "type",
    "v4l2_streamparm.parm": _PARM,
    "v4l2_standard.in": "index",
    "v4l2_standard.out": "name; frameperiod fraction; framelines",
    "v4l2_input.in": "index",
    "v4l2_input.out": "name; type",
    "v4l2_tuner.in": "index",
    "v4l2_tuner.out": _TUNER,
    "v4l2_control.id": "id",
    "v4l2_control.value": "value",
    "v4l2_queryctrl": f"{_QUERY}; flags ? full; reserved ? full and reserved; ... ? abbrev",
    "v4l2_query_ext_ctrl": f"{_QUERY}; flags ? full; elem_size ? full; elems ? full; "
                           "nr_of_dims ? full; dims ? full; reserved ? full and reserved; "
                           "... ? abbrev",
    "v4l2_cropcap.in": "type",
    "v4l2_cropcap.out": "bounds; defrect; pixelaspect fraction",
    "v4l2_crop.in": "type",
    "v4l2_crop.out": "c",
    "v4l2_frmsizeenum.in": "index; pixel_format",
    "v4l2_frmsizeenum.out": "type; discrete=sizes v4l2_frmsize_discrete ? type == 1; "
                            "stepwise=sizes v4l2_frmsize_stepwise ? type == 3",
    "v4l2_frmival_stepwise": "min fraction; max fraction; step fraction",
    "v4l2_frmivalenum.in": "index; pixel_format; width; height",
    "v4l2_frmivalenum.out": "type; discrete=intervals fraction ? type == 1; "
                            "stepwise=intervals v4l2_frmival_stepwise ? type in 2,3",
}
