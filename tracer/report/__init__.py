"""What a log says, put together for a page: events, processes, calls, files.

    collect     events of a log → Report
    files       descriptors and paths → which files were touched
    page        Report → the data of the page
"""
