# Writes help_pages.cpp: the markdown pages as raw string literals, found by their names.
#   FOLDER  where the pages are    PAGES  their names, joined by ","    OUTPUT  the file to write
string(REPLACE "," ";" names "${PAGES}")
set(text "#include \"cli/command.h\"\n\nnamespace belay::cli {\n\n")
string(APPEND text "std::string_view help_page(std::string_view name) {\n")
foreach(name IN LISTS names)
  file(READ ${FOLDER}/${name}.md page)
  string(APPEND text "  if (name == \"${name}\") return R\"page(${page})page\";\n")
endforeach()
string(APPEND text "  return {};\n}\n\n}  // namespace belay::cli\n")
file(WRITE ${OUTPUT} "${text}")
