"""German, French and Spanish: verbs, negations, and one simple reading of a sentence."""

from __future__ import annotations

from magistrate.evidence.sentence import Reading
from magistrate.evidence.vocabulary import word_set as _set

FOREIGN_VERBS: dict[str, str] = {
    "lösche": "delete", "löschen": "delete", "lösch": "delete", "entferne": "delete", "entfernen": "delete", "gelöscht": "delete",
    "sende": "send", "senden": "send", "schicke": "send", "schicken": "send", "schick": "send", "schreibe": "write",
    "schreiben": "write", "ändere": "write", "ändern": "write", "bearbeite": "write", "bearbeiten": "write", "behebe": "write",
    "beheben": "write", "repariere": "write", "reparieren": "write", "aktualisiere": "write", "aktualisieren": "write",
    "erstelle": "create", "erstellen": "create", "zahle": "pay", "zahlen": "pay", "bezahle": "pay", "bezahlen": "pay",
    "überweise": "pay", "überweisen": "pay", "buche": "book", "buchen": "book", "bestelle": "book", "bestellen": "book",
    "kaufe": "book", "kaufen": "book", "installiere": "install", "installieren": "install", "pushe": "push", "pushen": "push",
    "veröffentliche": "publish", "veröffentlichen": "publish", "teile": "share", "teilen": "share", "starte": "run",
    "starten": "run", "prüfe": "inspect", "prüfen": "inspect", "zeige": "read", "zeigen": "read", "lies": "read", "lesen": "read",
    "suche": "read", "suchen": "read", "finde": "read", "stoppe": "stop", "stoppen": "stop", "beende": "stop", "beenden": "stop",
    "anfassen": "touch", "fasse": "touch", "verändern": "touch", "deploye": "deploy", "deployen": "deploy",
    "supprime": "delete", "supprimer": "delete", "supprimez": "delete", "efface": "delete", "effacer": "delete",
    "effacez": "delete", "envoie": "send", "envoyer": "send", "envoyez": "send", "écris": "write", "écrire": "write",
    "écrivez": "write", "modifie": "write", "modifier": "write", "modifiez": "write", "corrige": "write", "corriger": "write",
    "corrigez": "write", "crée": "create", "créer": "create", "créez": "create", "paie": "pay", "paye": "pay", "payer": "pay",
    "payez": "pay", "réserve": "book", "réserver": "book", "réservez": "book", "achète": "book", "acheter": "book",
    "achetez": "book", "installe": "install", "installer": "install", "installez": "install", "publie": "publish",
    "publier": "publish", "publiez": "publish", "pousse": "push", "pousser": "push", "poussez": "push", "partage": "share",
    "partager": "share", "partagez": "share", "lance": "run", "lancer": "run", "lancez": "run", "vérifie": "inspect",
    "vérifier": "inspect", "vérifiez": "inspect", "lis": "read", "montre": "read", "cherche": "read", "arrête": "stop",
    "arrêter": "stop", "touche": "touch", "toucher": "touch", "touchez": "touch",
    "borra": "delete", "borrar": "delete", "borre": "delete", "borres": "delete", "elimina": "delete", "eliminar": "delete",
    "elimine": "delete", "elimines": "delete", "envía": "send", "enviar": "send", "envíe": "send", "envíes": "send",
    "escribe": "write", "escribir": "write", "modifica": "write", "modificar": "write", "modifiques": "write",
    "arregla": "write", "arreglar": "write", "corregir": "write", "actualiza": "write", "actualizar": "write", "crea": "create",
    "crear": "create", "paga": "pay", "pagar": "pay", "pagues": "pay", "reserva": "book", "reservar": "book",
    "compra": "book", "comprar": "book", "compres": "book", "instala": "install", "instalar": "install", "instales": "install",
    "publica": "publish", "publicar": "publish", "publiques": "publish", "sube": "upload", "subir": "upload",
    "subas": "upload", "comparte": "share", "compartir": "share", "ejecuta": "run", "ejecutar": "run", "ejecutes": "run",
    "revisa": "inspect", "revisar": "inspect", "lee": "read", "leer": "read", "busca": "read", "muestra": "read",
    "toques": "touch", "tocar": "touch", "despliega": "deploy", "desplegar": "deploy", "despliegues": "deploy",
}  # fmt: skip
FOREIGN_NEGATIONS = _set(
    "nicht kein keine keinen keiner niemals nie ohne nichts ne n' pas jamais sans aucun aucune rien no nunca jamás sin ningún ninguna nada"
)
FOREIGN_STOP = _set(
    "der die das den dem des ein eine einen einem einer und oder bitte auf in im an aus von zu zum zur mit für ist sind mir mich sie du es "
    "le la les un une des et ou de du à au aux en dans sur pour avec s'il vous plaît te plait moi me se el los las una y o del al en con por "
    "para favor lo que est son"
)
_CUTS = _set(", aber mais pero sondern und et y")
_KNOWN = FOREIGN_STOP | FOREIGN_NEGATIONS | FOREIGN_VERBS.keys()


def read_foreign(reading: Reading) -> bool:
    """Read the sentence when it is of another known language: verb and negation anywhere in a clause, the rest its object."""
    lows = reading.lows
    hits = [(i, FOREIGN_VERBS[low]) for i, low in enumerate(lows) if low in FOREIGN_VERBS]
    if not hits or reading.ending.startswith("?"):
        return False
    if len(lows) > 2 and not any(low in FOREIGN_STOP or low in FOREIGN_NEGATIONS for low in lows):
        return False
    cuts = [i for i, token in enumerate(reading.tokens) if token.low in _CUTS]
    for i, family in hits:
        start = max((c + 1 for c in cuts if c < i), default=0)
        stop = min((c for c in cuts if c > i), default=len(lows))
        negated = any(low in FOREIGN_NEGATIONS or low.startswith("n'") for low in lows[start:stop])
        said = reading.names_of([t for t in reading.tokens[start:stop] if t.low not in _KNOWN])
        reading.add("forbid" if negated else "ask", reading.kinds(family, start, stop), start, stop, family, said)
    return True
