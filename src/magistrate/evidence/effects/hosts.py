"""Names that the host agents give their own tools, where the name alone does not say what the tool does.

Facts of the hosts' tool lists; everything that a name's words or arguments already tell is left out. Names are compared by
their letters and digits alone (`exit_plan_mode`, `ExitPlanMode`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from magistrate.evidence.effects.morphology import split, word_set
from magistrate.evidence.effects.naming import bare

_FAMILIES = {
    # thinking, plans and to-do lists, questions to the person, the end of the turn, output of a running command
    "inert": """think thinking reasoning todowrite todoread writetodos updateplan update_todo_list exitplanmode enterplanmode
        askuserquestion askfollowupquestion askuser requestuserinput attemptcompletion finish finalanswer bashoutput taskoutput
        taskcreate taskupdate tasklist taskget agentoutput sleep wait toolsearch listmcpresources listmcpresourcestool
        readmcpresource readmcpresourcetool skill activateskill getinternaldocs managetodolist reportintent switchmode
        noop submitanswer contextcompaction""",
    "spawn": "task agent dispatchagent spawnagent runsubagent newtask subagent delegate usesubagents codebaseinvestigator startagent",
    "search": "glob grep ls list search find codebasesearch semanticsearch filesearch grepsearch listdir listfiles searchfiles ripgrep viewimage readlints",
    "read": "read view cat readfile readmanyfiles open openfile viewfile notebookread getfile",
    "write": "write writefile createfile create writetofile createnewfile newfile",
    "edit": """edit multiedit update replace editfile strreplace searchreplace replaceinfile applydiff inserteditintofile
        notebookedit editnotebook inserttextatcursor insert editexistingfile replacestringinfile multireplacestringinfile""",
    "websearch": "websearch googlewebsearch searchweb googlesearch bingsearch internetsearch webquery",
    "fetch": "webfetch fetch fetchurl fetchwebpage readurl urlfetch httpget openurl fetchwebcontent webread",
    "stdin": "writestdin sendinput sendtoterminal terminalinput writetoterminal sendkeys writebash",
    "stop": "killshell killbash taskstop stopbash killterminal closeagent stopagent",
    "browser": "browser browserinteractive browsergym",
}
FAMILIES: Mapping[str, str] = MappingProxyType(
    {word.replace("_", ""): family for family, words in _FAMILIES.items() for word in words.split()}
)


@lru_cache(maxsize=4096)
def family(tool: str) -> str:
    """The family of a host's own tool; empty for any other name, MCP tools among them."""
    server, name = bare(tool)
    return "" if server else FAMILIES.get("".join(split(name)), "")


PROGRAMS = word_set("""git gh glab kubectl oc helm docker podman terraform tofu pulumi ansible aws gcloud gsutil az doctl heroku flyctl npm npx
    pnpm yarn pip uv cargo go make psql mysql sqlite3 redis-cli mongosh curl wget systemctl crontab brew apt dnf firebase vercel
    netlify wrangler rclone rsync""")
"""Programs that tools are named after: `kubectl(command="delete ns x")` runs the program."""
