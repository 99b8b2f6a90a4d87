<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de_DE">
<context>
    <name>epi</name>
    <message>
        <source>Stopped.</source>
        <translation>Angehalten.</translation>
    </message>
    <message>
        <source>This cannot be done as asked: %1.</source>
        <translation>So ist das nicht möglich: %1.</translation>
    </message>
    <message>
        <source>Not found: %1.</source>
        <translation>Nicht gefunden: %1.</translation>
    </message>
    <message>
        <source>Not enough memory: %1.</source>
        <translation>Nicht genug Speicher: %1.</translation>
    </message>
    <message>
        <source>Damaged data: %1.</source>
        <translation>Beschädigte Daten: %1.</translation>
    </message>
    <message>
        <source>Reading or writing failed: %1.</source>
        <translation>Lesen oder Schreiben schlug fehl: %1.</translation>
    </message>
    <message>
        <source>Not supported: %1.</source>
        <translation>Nicht unterstützt: %1.</translation>
    </message>
    <message>
        <source>Something went wrong: %1.</source>
        <translation>Etwas ging schief: %1.</translation>
    </message>
    <message>
        <source>Loading</source>
        <translation>Laden</translation>
    </message>
    <message>
        <source>Reading what it is about</source>
        <translation>Themen werden gelesen</translation>
    </message>
    <message>
        <source>Sorting into episodes</source>
        <translation>Ordnen in Episoden</translation>
    </message>
    <message>
        <source>Building memory</source>
        <translation>Gedächtnis wird aufgebaut</translation>
    </message>
    <message>
        <source>Finding the episode</source>
        <translation>Episode wird gesucht</translation>
    </message>
    <message>
        <source>Answering</source>
        <translation>Antwort entsteht</translation>
    </message>
    <message>
        <source>Reading</source>
        <translation>Lesen</translation>
    </message>
    <message>
        <source>tokens</source>
        <translation>Token</translation>
    </message>
    <message>
        <source>segments</source>
        <translation>Abschnitte</translation>
    </message>
    <message>
        <source>questions</source>
        <translation>Fragen</translation>
    </message>
    <message>
        <source>about %1 s left</source>
        <translation>noch etwa %1 s</translation>
    </message>
    <message>
        <source>about %1 min left</source>
        <translation>noch etwa %1 min</translation>
    </message>
    <message>
        <source>about %1 h left</source>
        <translation>noch etwa %1 h</translation>
    </message>
    <message>
        <source>episode %1 of %2</source>
        <translation>Episode %1 von %2</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 von %2</translation>
    </message>
    <message>
        <source>%1/s</source>
        <translation>%1/s</translation>
    </message>
    <message>
        <source>%1 %2/s</source>
        <translation>%1 %2/s</translation>
    </message>
    <message>
        <source>Downloading</source>
        <translation>Wird heruntergeladen</translation>
    </message>
    <message>
        <source>passages</source>
        <translation>Textstellen</translation>
    </message>
    <message>
        <source>%1 is the default model on this computer.</source>
        <translation>%1 ist das Standardmodell auf diesem Computer.</translation>
    </message>
    <message>
        <source>Answers are computed on the CPU, because no NVIDIA driver was found.</source>
        <translation>Antworten werden auf der CPU berechnet, weil kein NVIDIA-Treiber gefunden wurde.</translation>
    </message>
    <message>
        <source>Answers are computed on the CPU, because %1 is not installed.</source>
        <translation>Antworten werden auf der CPU berechnet, weil %1 nicht installiert ist.</translation>
    </message>
    <message>
        <source>Answers are computed on the CPU: %1.</source>
        <translation>Antworten werden auf der CPU berechnet: %1.</translation>
    </message>
    <message>
        <source>Replies are written more slowly than they could be: %1.</source>
        <translation>Antworten werden langsamer geschrieben, als es möglich wäre: %1.</translation>
    </message>
    <message>
        <source>A memory of episodes needs a sentence embedder: %1.</source>
        <translation>Ein Gedächtnis aus Episoden braucht ein Modell, das Sätze einbettet: %1.</translation>
    </message>
    <message>
        <source>The conversation is longer than the %1 tokens the model was trained on: the positions of what is kept were counted anew.</source>
        <translation>Das Gespräch ist länger als die %1 Token, für die das Modell trainiert wurde: Die Positionen dessen, was behalten ist, wurden neu gezählt.</translation>
    </message>
    <message>
        <source>The last turns are not in the cache folder and are read again after a restart: %1.</source>
        <translation>Die letzten Beiträge liegen nicht im Cache-Ordner und werden nach einem Neustart noch einmal gelesen: %1.</translation>
    </message>
    <message>
        <source>The memory is not on disk and has to be built again after a restart: %1.</source>
        <translation>Das Gedächtnis liegt nicht auf der Festplatte und muss nach einem Neustart neu aufgebaut werden: %1.</translation>
    </message>
    <message>
        <source>A new episode is not on disk: %1.</source>
        <translation>Eine neue Episode liegt nicht auf der Festplatte: %1.</translation>
    </message>
    <message>
        <source>%1 of the pinned messages could not be quoted in full; a memory that is built now keeps them.</source>
        <translation>%1 der angehefteten Nachrichten konnten nicht vollständig zitiert werden; ein Gedächtnis, das jetzt aufgebaut wird, behält sie.</translation>
    </message>
    <message numerus="yes">
        <source>%1 of %Ln token(s)</source>
        <translation>
            <numerusform>%1 von %Ln Token</numerusform>
            <numerusform>%1 von %Ln Token</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%1 of %Ln segment(s)</source>
        <translation>
            <numerusform>%1 von %Ln Abschnitt</numerusform>
            <numerusform>%1 von %Ln Abschnitten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%1 of %Ln passage(s)</source>
        <translation>
            <numerusform>%1 von %Ln Textstelle</numerusform>
            <numerusform>%1 von %Ln Textstellen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%1 of %Ln question(s)</source>
        <translation>
            <numerusform>%1 von %Ln Frage</numerusform>
            <numerusform>%1 von %Ln Fragen</numerusform>
        </translation>
    </message>
    <message>
        <source>Reading the history</source>
        <translation>Der Verlauf wird gelesen</translation>
    </message>
    <message numerus="yes">
        <source>one cache for %n episode(s)</source>
        <translation>
            <numerusform>ein Cache für %n Episode</numerusform>
            <numerusform>ein Cache für %n Episoden</numerusform>
        </translation>
    </message>
    <message>
        <source>no model is loaded</source>
        <translation>Es ist kein Modell geladen</translation>
    </message>
    <message>
        <source>none of the default models (%1) is in %2, which holds %3</source>
        <translation>Keines der Standardmodelle (%1) ist in %2; dort gibt es %3</translation>
    </message>
    <message>
        <source>none of the default models (%1) is in %2, which holds no model: &apos;./run.sh models get ID&apos; fetches one</source>
        <translation>Keines der Standardmodelle (%1) ist in %2, und dort gibt es auch kein anderes; „./run.sh models get ID“ holt eines</translation>
    </message>
    <message>
        <source>no model &apos;%1&apos; as a file or in %2, which holds %3</source>
        <translation>Ein Modell „%1“ gibt es weder als Datei noch in %2; dort gibt es %3</translation>
    </message>
    <message>
        <source>no model &apos;%1&apos; as a file or in %2, which holds no model: &apos;./run.sh models get ID&apos; fetches one</source>
        <translation>Ein Modell „%1“ gibt es weder als Datei noch in %2, und dort gibt es auch kein anderes; „./run.sh models get ID“ holt eines</translation>
    </message>
    <message>
        <source>no sentence embedder &apos;%1&apos; in %2: &apos;./run.sh models get %3&apos; fetches one</source>
        <translation>In %2 ist kein Modell „%1“, das Sätze einbettet; „./run.sh models get %3“ holt eines</translation>
    </message>
    <message>
        <source>no sentence embedder is installed, which a memory of episodes needs</source>
        <translation>Ein Gedächtnis aus Episoden braucht ein Modell, das Sätze einbettet, und keines ist installiert</translation>
    </message>
    <message>
        <source>%1: architecture &apos;%2&apos; is not supported, only %3</source>
        <translation>%1 hat die Architektur „%2“; unterstützt werden nur %3</translation>
    </message>
    <message>
        <source>loading %1: its weights need %2, %3 are free</source>
        <translation>Die Gewichte von %1 brauchen %2, frei sind %3</translation>
    </message>
    <message>
        <source>loading %1: its weights need %2, %3 are free on the GPU</source>
        <translation>Die Gewichte von %1 brauchen %2, auf der GPU sind %3 frei</translation>
    </message>
    <message>
        <source>a budget of %1 entries needs %2, %3 are free; a budget of %4 fits</source>
        <translation>Ein Budget von %1 Einträgen braucht %2, frei sind %3; ein Budget von %4 passt</translation>
    </message>
    <message>
        <source>a budget of %1 entries needs %2, %3 are free on the GPU; a budget of %4 fits</source>
        <translation>Ein Budget von %1 Einträgen braucht %2, auf der GPU sind %3 frei; ein Budget von %4 passt</translation>
    </message>
    <message>
        <source>a budget of %1 entries needs %2, %3 are free; not even a budget of %4 fits</source>
        <translation>Ein Budget von %1 Einträgen braucht %2, frei sind %3; nicht einmal ein Budget von %4 passt</translation>
    </message>
    <message>
        <source>a budget of %1 entries needs %2, %3 are free on the GPU; not even a budget of %4 fits</source>
        <translation>Ein Budget von %1 Einträgen braucht %2, auf der GPU sind %3 frei; nicht einmal ein Budget von %4 passt</translation>
    </message>
    <message>
        <source>the memory has %1 episodes already</source>
        <translation>Das Gedächtnis hat schon %1 Episoden</translation>
    </message>
    <message>
        <source>the engine stopped: %1</source>
        <translation>Die Engine endete mit „%1“</translation>
    </message>
    <message>
        <source>the engine closed its pipes</source>
        <translation>Die Engine hat ihre Leitungen geschlossen</translation>
    </message>
    <message>
        <source>the engine has not answered for %1 s</source>
        <translation>Die Engine hat seit %1 s nicht geantwortet</translation>
    </message>
    <message>
        <source>%1 answers with the status %2: there is no such file, so check the address</source>
        <translation>%1 antwortet mit dem Status %2: Diese Datei gibt es dort nicht, prüfen Sie die Adresse</translation>
    </message>
    <message>
        <source>%1 answers with the status %2: it does not give this file to everybody; fetch it with a browser and add the file</source>
        <translation>%1 antwortet mit dem Status %2: Diese Datei bekommt nicht jeder; laden Sie sie mit einem Browser und fügen Sie die Datei hinzu</translation>
    </message>
    <message>
        <source>%1 answers with the status %2: it was asked too often; try again later</source>
        <translation>%1 antwortet mit dem Status %2: Es wurde zu oft gefragt; versuchen Sie es später noch einmal</translation>
    </message>
    <message>
        <source>%1 answers with the status %2 instead of the file; try again later</source>
        <translation>%1 antwortet mit dem Status %2 statt mit der Datei; versuchen Sie es später noch einmal</translation>
    </message>
    <message>
        <source>%1 sends the file encoded as &apos;%2&apos;, which it was not asked for; fetch it with a browser and add the file</source>
        <translation>%1 sendet die Datei als „%2“ kodiert, worum nicht gebeten wurde; laden Sie sie mit einem Browser und fügen Sie die Datei hinzu</translation>
    </message>
    <message>
        <source>%1 does not say how long the file is, so whether the disk has room for it is not known; fetch it with a browser and add the file</source>
        <translation>%1 sagt nicht, wie lang die Datei ist; ob der Datenträger Platz für sie hat, ist also nicht bekannt. Laden Sie sie mit einem Browser und fügen Sie die Datei hinzu</translation>
    </message>
    <message>
        <source>the disk of %1 has %2 bytes free, and %3 are needed beside %4 for the chats: make room and try again</source>
        <translation>Auf dem Datenträger von %1 sind %2 Byte frei, gebraucht werden %3 neben %4 für die Chats; schaffen Sie Platz und versuchen Sie es noch einmal</translation>
    </message>
    <message>
        <source>temperature must be from 0 to 100, found %1</source>
        <translation>Die Temperatur liegt zwischen 0 und 100, angegeben war %1</translation>
    </message>
    <message>
        <source>top-k must be 0 or more, found %1</source>
        <translation>Top-k ist mindestens 0, angegeben war %1</translation>
    </message>
    <message>
        <source>top-p must be above 0 and at most 1, found %1</source>
        <translation>Top-p liegt über 0 und bei höchstens 1, angegeben war %1</translation>
    </message>
    <message>
        <source>min-p must be from 0 to 1, found %1</source>
        <translation>Min-p liegt zwischen 0 und 1, angegeben war %1</translation>
    </message>
    <message>
        <source>repetition penalty must be above 0 and at most 100, found %1</source>
        <translation>Die Wiederholungsstrafe liegt über 0 und bei höchstens 100, angegeben war %1</translation>
    </message>
    <message>
        <source>the number of tokens must be 1 or more, found %1</source>
        <translation>Die Zahl der Token ist mindestens 1, angegeben war %1</translation>
    </message>
    <message numerus="yes">
        <source>CPU, %Ln thread(s)</source>
        <translation>
            <numerusform>CPU, %Ln Thread</numerusform>
            <numerusform>CPU, %Ln Threads</numerusform>
        </translation>
    </message>
    <message>
        <source>%1</source>
        <comment>what a program or a library says itself</comment>
        <translation>„%1“</translation>
    </message>
</context>
<context>
    <name>epi::AppearancePage</name>
    <message>
        <source>Appearance</source>
        <translation>Aussehen</translation>
    </message>
    <message>
        <source>As the desktop</source>
        <translation>Wie die Arbeitsumgebung</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Hell</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dunkel</translation>
    </message>
    <message>
        <source>High contrast</source>
        <translation>Hoher Kontrast</translation>
    </message>
    <message>
        <source>&amp;Theme</source>
        <translation>&amp;Farben</translation>
    </message>
    <message>
        <source>Text size</source>
        <translation>Schriftgröße</translation>
    </message>
    <message>
        <source>%1 %</source>
        <translation>%1 %</translation>
    </message>
    <message>
        <source>Text &amp;size</source>
        <translation>&amp;Schriftgröße</translation>
    </message>
    <message>
        <source>Ctrl with + and − changes it too, Ctrl+0 brings it back to 100 %.</source>
        <translation>Strg mit + und − ändert sie auch, Strg+0 stellt 100 % wieder her.</translation>
    </message>
</context>
<context>
    <name>epi::ChatPage</name>
    <message>
        <source>B&amp;uild memory</source>
        <translation>Gedächtnis a&amp;ufbauen</translation>
    </message>
    <message>
        <source>La&amp;ter</source>
        <translation>&amp;Später</translation>
    </message>
    <message>
        <source>What is on your mind?</source>
        <translation>Was möchten Sie wissen?</translation>
    </message>
    <message>
        <source>Write below, or import a long conversation and ask about it.
Everything stays on this computer.</source>
        <translation>Schreiben Sie unten, oder importieren Sie ein langes Gespräch und fragen Sie danach.
Alles bleibt auf diesem Rechner.</translation>
    </message>
    <message>
        <source>The memory was not built. %1</source>
        <translation>Das Gedächtnis wurde nicht aufgebaut. %1</translation>
    </message>
    <message>
        <source>Ask…</source>
        <translation>Fragen…</translation>
    </message>
    <message>
        <source>Building memory</source>
        <translation>Gedächtnis wird aufgebaut</translation>
    </message>
    <message>
        <source>Build the memory of this conversation anew.</source>
        <translation>Das Gedächtnis dieses Gesprächs neu aufbauen.</translation>
    </message>
    <message>
        <source>New chat</source>
        <translation>Neuer Chat</translation>
    </message>
    <message>
        <source>Not stored until you send the first message</source>
        <translation>Wird mit der ersten Nachricht gespeichert</translation>
    </message>
    <message numerus="yes">
        <source>%n episode(s)</source>
        <translation>
            <numerusform>%n Episode</numerusform>
            <numerusform>%n Episoden</numerusform>
        </translation>
    </message>
    <message>
        <source>budget %1</source>
        <translation>Budget %1</translation>
    </message>
    <message>
        <source>no memory yet</source>
        <translation>noch kein Gedächtnis</translation>
    </message>
    <message>
        <source>The turn was deleted.</source>
        <translation>Der Beitrag wurde gelöscht.</translation>
    </message>
    <message>
        <source>&amp;Undo</source>
        <translation>&amp;Rückgängig</translation>
    </message>
    <message numerus="yes">
        <source>%n message(s) that followed stay with the version before. The arrows beside the message lead back to it.</source>
        <translation>
            <numerusform>%n Nachricht, die folgte, bleibt bei der Fassung davor. Die Pfeile neben der Nachricht führen zu ihr zurück.</numerusform>
            <numerusform>%n Nachrichten, die folgten, bleiben bei der Fassung davor. Die Pfeile neben der Nachricht führen zu ihr zurück.</numerusform>
        </translation>
    </message>
    <message>
        <source>The turn was deleted. With the next question the memory is built anew without it.</source>
        <translation>Der Beitrag wurde gelöscht. Mit der nächsten Frage wird das Gedächtnis ohne ihn neu aufgebaut.</translation>
    </message>
    <message numerus="yes">
        <source>Copying %n message(s)…</source>
        <translation>
            <numerusform>%n Nachricht wird kopiert…</numerusform>
            <numerusform>%n Nachrichten werden kopiert…</numerusform>
        </translation>
    </message>
    <message>
        <source>The chat has changed meanwhile; nothing was copied.</source>
        <translation>Der Chat hat sich inzwischen geändert; es wurde nichts kopiert.</translation>
    </message>
    <message numerus="yes">
        <source>Copied %n message(s).</source>
        <translation>
            <numerusform>%n Nachricht wurde kopiert.</numerusform>
            <numerusform>%n Nachrichten wurden kopiert.</numerusform>
        </translation>
    </message>
    <message>
        <source>Unpinned. The next memory of this chat need not keep the message.</source>
        <translation>Gelöst. Das nächste Gedächtnis dieses Chats muss die Nachricht nicht behalten.</translation>
    </message>
    <message>
        <source>Pinned. Every memory of this chat keeps the message whole; until the next one is built it is quoted with each question.</source>
        <translation>Angeheftet. Jedes Gedächtnis dieses Chats behält die Nachricht vollständig; bis das nächste aufgebaut ist, wird sie mit jeder Frage zitiert.</translation>
    </message>
    <message>
        <source>It takes %1 of %2 tokens.</source>
        <translation>Sie braucht %1 von %2 Token.</translation>
    </message>
    <message>
        <source>&amp;Build again</source>
        <translation>&amp;Neu aufbauen</translation>
    </message>
    <message>
        <source>Build a memory of it: it is sorted into episodes, and each question is answered from the one that fits.</source>
        <translation>Bauen Sie ein Gedächtnis davon auf: Es wird in Episoden geordnet, und jede Frage wird aus der passenden beantwortet.</translation>
    </message>
    <message numerus="yes">
        <source>The memory was built of this reply: it is built anew of the %n message(s) before it.</source>
        <translation>
            <numerusform>Das Gedächtnis wurde auch aus dieser Antwort aufgebaut: Es wird aus der %n Nachricht davor neu aufgebaut.</numerusform>
            <numerusform>Das Gedächtnis wurde auch aus dieser Antwort aufgebaut: Es wird aus den %n Nachrichten davor neu aufgebaut.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>This conversation has %Ln message(s), more than a model reads at once.</source>
        <translation>
            <numerusform>Dieses Gespräch hat %Ln Nachricht, mehr, als ein Modell auf einmal liest.</numerusform>
            <numerusform>Dieses Gespräch hat %Ln Nachrichten, mehr, als ein Modell auf einmal liest.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>This conversation has %Ln message(s).</source>
        <translation>
            <numerusform>Dieses Gespräch hat %Ln Nachricht.</numerusform>
            <numerusform>Dieses Gespräch hat %Ln Nachrichten.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln message(s)</source>
        <translation>
            <numerusform>%Ln Nachricht</numerusform>
            <numerusform>%Ln Nachrichten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln token(s)</source>
        <translation>
            <numerusform>%Ln Token</numerusform>
            <numerusform>%Ln Token</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>epi::ChatSession</name>
    <message>
        <source>Loading the memory…</source>
        <translation>Gedächtnis wird geladen…</translation>
    </message>
    <message>
        <source>Finding the episode that fits…</source>
        <translation>Passende Episode wird gesucht…</translation>
    </message>
    <message>
        <source>Reading what the conversation is about…</source>
        <translation>Themen des Gesprächs werden gelesen…</translation>
    </message>
    <message>
        <source>Sorting the conversation into episodes…</source>
        <translation>Gespräch wird in Episoden geordnet…</translation>
    </message>
    <message>
        <source>Building memory, episode %1 of %2…</source>
        <translation>Gedächtnis wird aufgebaut, Episode %1 von %2…</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>Wird gelesen…</translation>
    </message>
    <message>
        <source>Answering…</source>
        <translation>Antwort entsteht…</translation>
    </message>
    <message>
        <source>The engine stopped: %1.</source>
        <translation>Die Engine wurde beendet: %1.</translation>
    </message>
    <message>
        <source>A reply is being written. Wait for its end, or stop it with Escape.</source>
        <translation>Eine Antwort wird geschrieben. Warten Sie ihr Ende ab oder halten Sie sie mit Escape an.</translation>
    </message>
    <message>
        <source>The memory is being built. Wait for its end, or stop it with Escape.</source>
        <translation>Das Gedächtnis wird aufgebaut. Warten Sie das Ende ab oder halten Sie es mit Escape an.</translation>
    </message>
    <message>
        <source>Only the reply to a question can be made again.</source>
        <translation>Nur die Antwort auf eine Frage kann neu geschrieben werden.</translation>
    </message>
    <message>
        <source>Only your own messages can be edited.</source>
        <translation>Nur eigene Nachrichten können bearbeitet werden.</translation>
    </message>
    <message>
        <source>Only a last reply that was cut off can be continued.</source>
        <translation>Nur eine letzte Antwort, die abgebrochen wurde, kann fortgesetzt werden.</translation>
    </message>
    <message>
        <source>No turn was taken out of this chat.</source>
        <translation>Aus diesem Chat wurde kein Beitrag gelöscht.</translation>
    </message>
    <message>
        <source>The settings of this chat cannot be used: %1. The defaults count instead.</source>
        <translation>Die Einstellungen dieses Chats sind nicht brauchbar: %1. Stattdessen gelten die Standardwerte.</translation>
    </message>
    <message>
        <source>With the next question the memory is that of the version that is shown, built anew where there is none yet.</source>
        <translation>Mit der nächsten Frage ist das Gedächtnis das der gezeigten Fassung; fehlt es noch, wird es neu aufgebaut.</translation>
    </message>
    <message numerus="yes">
        <source>%n damaged message(s) of this chat cannot be read. The model answers without what was said in the same turn.</source>
        <translation>
            <numerusform>%n beschädigte Nachricht dieses Chats kann nicht gelesen werden. Das Modell antwortet ohne das, was im selben Beitrag gesagt wurde.</numerusform>
            <numerusform>%n beschädigte Nachrichten dieses Chats können nicht gelesen werden. Das Modell antwortet ohne das, was in denselben Beiträgen gesagt wurde.</numerusform>
        </translation>
    </message>
    <message>
        <source>This chat is out of the bin again: you wrote in it.</source>
        <translation>Dieser Chat liegt nicht mehr im Papierkorb: Sie haben darin geschrieben.</translation>
    </message>
    <message numerus="yes">
        <source>Reading the history, one cache for %n episode(s)…</source>
        <translation>
            <numerusform>Der Verlauf wird gelesen, ein Cache für %n Episode…</numerusform>
            <numerusform>Der Verlauf wird gelesen, ein Cache für %n Episoden…</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Reading %Ln token(s)…</source>
        <translation>
            <numerusform>%Ln Token wird gelesen…</numerusform>
            <numerusform>%Ln Token werden gelesen…</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>epi::ChatSettingsDialog</name>
    <message>
        <source>Chat settings</source>
        <translation>Chat-Einstellungen</translation>
    </message>
    <message>
        <source>None: the model speaks as it was trained to</source>
        <translation>Keine: das Modell spricht, wie es gelernt hat</translation>
    </message>
    <message>
        <source>System prompt</source>
        <translation>Systemanweisung</translation>
    </message>
    <message>
        <source>Replies</source>
        <translation>Antworten</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Gedächtnis</translation>
    </message>
    <message>
        <source>Use for &amp;new chats</source>
        <translation>Für &amp;neue Chats verwenden</translation>
    </message>
    <message>
        <source>Makes this the system prompt and the replies of new chats</source>
        <translation>Macht dies zur Systemanweisung und zu den Antworten neuer Chats</translation>
    </message>
    <message>
        <source>&amp;Cancel</source>
        <translation>A&amp;bbrechen</translation>
    </message>
    <message>
        <source>&amp;Apply</source>
        <translation>&amp;Anwenden</translation>
    </message>
    <message>
        <source>Persona</source>
        <translation>Persona</translation>
    </message>
    <message>
        <source>A system prompt and how replies are drawn, saved under a name</source>
        <translation>Eine Systemanweisung und wie Antworten gezogen werden, unter einem Namen gespeichert</translation>
    </message>
    <message>
        <source>&amp;Persona</source>
        <translation>&amp;Persona</translation>
    </message>
    <message>
        <source>&amp;Save as…</source>
        <translation>&amp;Speichern unter…</translation>
    </message>
    <message>
        <source>&amp;Rename…</source>
        <translation>&amp;Umbenennen…</translation>
    </message>
    <message>
        <source>De&amp;lete</source>
        <translation>&amp;Löschen</translation>
    </message>
    <message>
        <source>Save the persona</source>
        <translation>Persona speichern</translation>
    </message>
    <message>
        <source>Rename the persona</source>
        <translation>Persona umbenennen</translation>
    </message>
    <message>
        <source>Name:</source>
        <translation>Name:</translation>
    </message>
    <message>
        <source>There is a persona with this name already.</source>
        <translation>Eine Persona mit diesem Namen gibt es schon.</translation>
    </message>
    <message>
        <source>Own settings</source>
        <translation>Eigene Einstellungen</translation>
    </message>
    <message numerus="yes">
        <source>The system prompt stands before everything: with the next question the chat is read again from its beginning, about %Ln token(s), and its memory is built anew.</source>
        <translation>
            <numerusform>Die Systemanweisung steht vor allem anderen: Mit der nächsten Frage wird der Chat von Anfang an neu gelesen, etwa %Ln Token, und sein Gedächtnis neu aufgebaut.</numerusform>
            <numerusform>Die Systemanweisung steht vor allem anderen: Mit der nächsten Frage wird der Chat von Anfang an neu gelesen, etwa %Ln Token, und sein Gedächtnis neu aufgebaut.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>With the next question the memory of this chat is built anew, over about %Ln token(s).</source>
        <translation>
            <numerusform>Mit der nächsten Frage wird das Gedächtnis dieses Chats neu aufgebaut, über etwa %Ln Token.</numerusform>
            <numerusform>Mit der nächsten Frage wird das Gedächtnis dieses Chats neu aufgebaut, über etwa %Ln Token.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>epi::CodeBlock</name>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
    <message>
        <source>Code</source>
        <translation>Code</translation>
    </message>
</context>
<context>
    <name>epi::CommandPalette</name>
    <message>
        <source>Nothing fits. Try fewer letters.</source>
        <translation>Nichts passt. Versuchen Sie es mit weniger Buchstaben.</translation>
    </message>
    <message>
        <source>Commands</source>
        <translation>Befehle</translation>
    </message>
    <message>
        <source>What would you like to do, or which chat?</source>
        <translation>Was möchten Sie tun, oder welcher Chat?</translation>
    </message>
    <message>
        <source>Find a command or a chat</source>
        <translation>Befehl oder Chat finden</translation>
    </message>
    <message>
        <source>Commands and chats that fit</source>
        <translation>Passende Befehle und Chats</translation>
    </message>
</context>
<context>
    <name>epi::Composer</name>
    <message>
        <source>&amp;Send</source>
        <translation>&amp;Senden</translation>
    </message>
    <message>
        <source>S&amp;top</source>
        <translation>S&amp;topp</translation>
    </message>
    <message>
        <source>Message</source>
        <translation>Nachricht</translation>
    </message>
    <message>
        <source>Sends the message (Return)</source>
        <translation>Sendet die Nachricht (Eingabetaste)</translation>
    </message>
    <message>
        <source>Stops the answer (Escape)</source>
        <translation>Hält die Antwort an (Esc)</translation>
    </message>
    <message>
        <source>Message…</source>
        <translation>Nachricht…</translation>
    </message>
</context>
<context>
    <name>epi::ContextMeter</name>
    <message>
        <source>Context</source>
        <translation>Kontext</translation>
    </message>
    <message>
        <source>%1 of %2 tokens kept · %3 free</source>
        <translation>%1 von %2 Token behalten · %3 frei</translation>
    </message>
    <message>
        <source>%1 · compressed soon</source>
        <translation>%1 · bald verdichtet</translation>
    </message>
    <message>
        <source>The memory that answered last holds %1 of the %2 tokens of this chat.</source>
        <translation>Das Gedächtnis, das zuletzt geantwortet hat, hält %1 der %2 Token dieses Chats.</translation>
    </message>
    <message>
        <source>The chat itself keeps every word.</source>
        <translation>Der Chat selbst behält jedes Wort.</translation>
    </message>
    <message numerus="yes">
        <source>%Ln of them (is|are) new and not compressed yet.</source>
        <translation>
            <numerusform>%Ln davon ist neu und noch nicht verdichtet.</numerusform>
            <numerusform>%Ln davon sind neu und noch nicht verdichtet.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>After %Ln more token(s) the oldest are compressed to the budget of %1.</source>
        <translation>
            <numerusform>Nach %Ln weiteren Token werden die ältesten auf das Budget von %1 verdichtet.</numerusform>
            <numerusform>Nach %Ln weiteren Token werden die ältesten auf das Budget von %1 verdichtet.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>After %Ln more token(s) the oldest are compressed.</source>
        <translation>
            <numerusform>Nach %Ln weiteren Token werden die ältesten verdichtet.</numerusform>
            <numerusform>Nach %Ln weiteren Token werden die ältesten verdichtet.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>epi::ConversationList</name>
    <message>
        <source>Search</source>
        <translation>Suche</translation>
    </message>
    <message>
        <source>&amp;New chat</source>
        <translation>&amp;Neuer Chat</translation>
    </message>
    <message>
        <source>&amp;Import…</source>
        <translation>&amp;Importieren…</translation>
    </message>
    <message>
        <source>Begin a conversation (Ctrl+N)</source>
        <translation>Ein Gespräch beginnen (Strg+N)</translation>
    </message>
    <message>
        <source>Add conversations from a file (Ctrl+I)</source>
        <translation>Gespräche aus einer Datei hinzufügen (Strg+I)</translation>
    </message>
    <message>
        <source>Conversations</source>
        <translation>Gespräche</translation>
    </message>
    <message>
        <source>No conversations yet.
Start one, or import a file.</source>
        <translation>Noch keine Gespräche.
Beginnen Sie eines, oder importieren Sie eine Datei.</translation>
    </message>
    <message>
        <source>&amp;Undo</source>
        <translation>&amp;Rückgängig</translation>
    </message>
    <message>
        <source>Search chats and messages</source>
        <translation>Chats und Nachrichten durchsuchen</translation>
    </message>
    <message>
        <source>Clear the search</source>
        <translation>Suche leeren</translation>
    </message>
    <message>
        <source>No chats here.</source>
        <translation>Hier sind keine Chats.</translation>
    </message>
    <message>
        <source>The archive is empty.</source>
        <translation>Das Archiv ist leer.</translation>
    </message>
    <message>
        <source>The bin is empty.
Deleted chats stay here for 30 days.</source>
        <translation>Der Papierkorb ist leer.
Gelöschte Chats bleiben hier 30 Tage.</translation>
    </message>
    <message>
        <source>Chat</source>
        <translation>Chat</translation>
    </message>
    <message>
        <source>&amp;Pin or unpin</source>
        <translation>An&amp;heften oder lösen</translation>
    </message>
    <message>
        <source>Archi&amp;ve or take out</source>
        <translation>Arch&amp;ivieren oder herausnehmen</translation>
    </message>
    <message>
        <source>Ta&amp;gs…</source>
        <translation>Schla&amp;gwörter…</translation>
    </message>
    <message>
        <source>S&amp;earch all chats</source>
        <translation>Alle Chats &amp;durchsuchen</translation>
    </message>
    <message>
        <source>Move to a new f&amp;older…</source>
        <translation>In einen neuen &amp;Ordner verschieben…</translation>
    </message>
    <message>
        <source>In the bin: “%1”</source>
        <translation>Im Papierkorb: „%1“</translation>
    </message>
    <message>
        <source>In the archive: “%1”</source>
        <translation>Im Archiv: „%1“</translation>
    </message>
    <message>
        <source>Brings the conversation back</source>
        <translation>Holt das Gespräch zurück</translation>
    </message>
</context>
<context>
    <name>epi::ConversationMenu</name>
    <message>
        <source>&amp;Rename</source>
        <translation>&amp;Umbenennen</translation>
    </message>
    <message>
        <source>Un&amp;pin</source>
        <translation>&amp;Lösen</translation>
    </message>
    <message>
        <source>&amp;Pin</source>
        <translation>An&amp;heften</translation>
    </message>
    <message>
        <source>Move to &amp;folder</source>
        <translation>In &amp;Ordner verschieben</translation>
    </message>
    <message>
        <source>&amp;Tags…</source>
        <translation>&amp;Schlagwörter…</translation>
    </message>
    <message>
        <source>Take out of the &amp;archive</source>
        <translation>Aus dem &amp;Archiv nehmen</translation>
    </message>
    <message>
        <source>&amp;Archive</source>
        <translation>&amp;Archivieren</translation>
    </message>
    <message>
        <source>&amp;Export…</source>
        <translation>&amp;Exportieren…</translation>
    </message>
    <message>
        <source>&amp;Move to the bin</source>
        <translation>In den &amp;Papierkorb</translation>
    </message>
    <message>
        <source>&amp;Restore</source>
        <translation>&amp;Wiederherstellen</translation>
    </message>
    <message>
        <source>&amp;Delete for ever…</source>
        <translation>Endgültig &amp;löschen…</translation>
    </message>
    <message>
        <source>&amp;No folder</source>
        <translation>&amp;Kein Ordner</translation>
    </message>
    <message>
        <source>New &amp;folder…</source>
        <translation>Neuer &amp;Ordner…</translation>
    </message>
    <message>
        <source>R&amp;ename “%1”…</source>
        <translation>„%1“ u&amp;mbenennen…</translation>
    </message>
    <message>
        <source>&amp;Remove “%1” and keep its chats</source>
        <translation>„%1“ &amp;entfernen und die Chats behalten</translation>
    </message>
    <message>
        <source>Tags</source>
        <translation>Schlagwörter</translation>
    </message>
    <message>
        <source>Tags of this chat, separated by commas:</source>
        <translation>Schlagwörter dieses Chats, durch Kommas getrennt:</translation>
    </message>
    <message>
        <source>New folder</source>
        <translation>Neuer Ordner</translation>
    </message>
    <message>
        <source>Name of the folder:</source>
        <translation>Name des Ordners:</translation>
    </message>
    <message>
        <source>Rename folder</source>
        <translation>Ordner umbenennen</translation>
    </message>
    <message>
        <source>Delete for ever</source>
        <translation>Endgültig löschen</translation>
    </message>
    <message>
        <source>Delete “%1” for ever? Its messages cannot be brought back.</source>
        <translation>„%1“ endgültig löschen? Die Nachrichten lassen sich nicht zurückholen.</translation>
    </message>
    <message>
        <source>&amp;Delete for ever</source>
        <translation>Endgültig &amp;löschen</translation>
    </message>
</context>
<context>
    <name>epi::ConversationModel</name>
    <message numerus="yes">
        <source>%n message(s)</source>
        <translation>
            <numerusform>%n Nachricht</numerusform>
            <numerusform>%n Nachrichten</numerusform>
        </translation>
    </message>
    <message>
        <source>%1, %2</source>
        <translation>%1, %2</translation>
    </message>
    <message>
        <source>Untitled</source>
        <translation>Ohne Titel</translation>
    </message>
    <message>
        <source>%1, pinned, %2</source>
        <translation>%1, angeheftet, %2</translation>
    </message>
</context>
<context>
    <name>epi::DataPage</name>
    <message numerus="yes">
        <source>%1 in %n file(s)</source>
        <translation>
            <numerusform>%1 in %n Datei</numerusform>
            <numerusform>%1 in %n Dateien</numerusform>
        </translation>
    </message>
    <message>
        <source>Data</source>
        <translation>Daten</translation>
    </message>
    <message>
        <source>Chats</source>
        <translation>Chats</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Episode caches</source>
        <translation>Episoden-Caches</translation>
    </message>
    <message>
        <source>No limit</source>
        <translation>Keine Grenze</translation>
    </message>
    <message>
        <source> GB</source>
        <translation> GB</translation>
    </message>
    <message>
        <source>Cache &amp;limit</source>
        <translation>Cache-&amp;Grenze</translation>
    </message>
    <message>
        <source>Caches that were unused the longest are removed first; a chat that needs one again builds it anew.</source>
        <translation>Am längsten unbenutzte Caches werden zuerst entfernt; ein Chat, der einen wieder braucht, baut ihn neu auf.</translation>
    </message>
    <message>
        <source>Backup</source>
        <translation>Sicherung</translation>
    </message>
    <message>
        <source>&amp;Back up chats…</source>
        <translation>Chats &amp;sichern…</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopie</translation>
    </message>
    <message>
        <source>One file with all chats, episodes and settings. Models and caches are not in it.</source>
        <translation>Eine Datei mit allen Chats, Episoden und Einstellungen. Modelle und Caches sind nicht darin.</translation>
    </message>
    <message>
        <source>Open folder</source>
        <translation>Ordner öffnen</translation>
    </message>
    <message>
        <source>Open folder: %1</source>
        <translation>Ordner öffnen: %1</translation>
    </message>
    <message>
        <source>Measuring…</source>
        <translation>Wird gemessen…</translation>
    </message>
    <message>
        <source>Back up chats</source>
        <translation>Chats sichern</translation>
    </message>
    <message>
        <source>EpiChat backup (*.db);;All files (*)</source>
        <translation>EpiChat-Sicherung (*.db);;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Copying…</source>
        <translation>Wird kopiert…</translation>
    </message>
    <message>
        <source>Copied to %1 (%2).</source>
        <translation>Nach %1 kopiert (%2).</translation>
    </message>
    <message>
        <source>No copy was made. %1</source>
        <translation>Es wurde keine Kopie gemacht. %1</translation>
    </message>
</context>
<context>
    <name>epi::DownloadDialog</name>
    <message>
        <source>Download a model</source>
        <translation>Modell herunterladen</translation>
    </message>
    <message>
        <source>as the page of the model gives it, or empty</source>
        <translation>wie die Seite des Modells sie nennt, oder leer</translation>
    </message>
    <message>
        <source>&amp;Address</source>
        <translation>&amp;Adresse</translation>
    </message>
    <message>
        <source>File &amp;name</source>
        <translation>Datei&amp;name</translation>
    </message>
    <message>
        <source>&amp;SHA-256</source>
        <translation>&amp;SHA-256</translation>
    </message>
    <message>
        <source>&amp;Download</source>
        <translation>&amp;Herunterladen</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Type or paste the address of a GGUF file.</source>
        <translation>Geben Sie die Adresse einer GGUF-Datei ein.</translation>
    </message>
    <message>
        <source>an address begins with https://</source>
        <translation>eine Adresse beginnt mit https://</translation>
    </message>
    <message>
        <source>%1 is among your models already</source>
        <translation>%1 ist schon unter Ihren Modellen</translation>
    </message>
    <message>
        <source>Connects to %1 and stores %2 in %3.</source>
        <translation>Verbindet sich mit %1 und legt %2 in %3 ab.</translation>
    </message>
    <message>
        <source>That server learns your network address and which file you ask for, and nothing else. It may pass you on to another one.</source>
        <translation>Dieser Server erfährt Ihre Netzwerkadresse und welche Datei Sie haben möchten, sonst nichts. Er kann an einen anderen weiterleiten.</translation>
    </message>
    <message>
        <source>%1 are there from before; the download goes on from there if the file is the same.</source>
        <translation>%1 sind von früher da; wenn die Datei dieselbe ist, geht es von dort aus weiter.</translation>
    </message>
    <message>
        <source>Without a SHA-256 nothing proves that it is the file you mean.</source>
        <translation>Ohne SHA-256 belegt nichts, dass es die Datei ist, die Sie meinen.</translation>
    </message>
    <message numerus="yes">
        <source>a SHA-256 has 64 digits from 0 to 9 and a to f, and this one has %n character(s)</source>
        <translation>
            <numerusform>eine SHA-256 hat 64 Stellen von 0 bis 9 und a bis f, und diese hat %n Zeichen</numerusform>
            <numerusform>eine SHA-256 hat 64 Stellen von 0 bis 9 und a bis f, und diese hat %n Zeichen</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>epi::EditBanner</name>
    <message>
        <source>Editing your message. The old version is kept. Escape cancels.</source>
        <translation>Sie bearbeiten Ihre Nachricht. Die alte Fassung bleibt erhalten. Escape bricht ab.</translation>
    </message>
    <message>
        <source>Cancel &amp;editing</source>
        <translation>B&amp;earbeiten abbrechen</translation>
    </message>
    <message>
        <source>Your message stays as it is</source>
        <translation>Ihre Nachricht bleibt, wie sie ist</translation>
    </message>
    <message>
        <source>The memory was built of this message: when you send it, it is made anew.</source>
        <translation>Das Gedächtnis wurde auch aus dieser Nachricht aufgebaut: Wenn Sie sie senden, wird es neu aufgebaut.</translation>
    </message>
    <message numerus="yes">
        <source>The memory was built of this message: when you send it, it is built anew of the %n message(s) before it.</source>
        <translation>
            <numerusform>Das Gedächtnis wurde auch aus dieser Nachricht aufgebaut: Wenn Sie sie senden, wird es aus der %n Nachricht davor neu aufgebaut.</numerusform>
            <numerusform>Das Gedächtnis wurde auch aus dieser Nachricht aufgebaut: Wenn Sie sie senden, wird es aus den %n Nachrichten davor neu aufgebaut.</numerusform>
        </translation>
    </message>
    <message>
        <source>Episodes were regrouped with this message: when you send it, they are as they were built, and one that was replaced is read anew when it is next asked.</source>
        <translation>Mit dieser Nachricht wurden Episoden neu eingeteilt: Wenn Sie sie senden, sind sie wieder wie aufgebaut, und eine ersetzte wird neu gelesen, wenn sie das nächste Mal gefragt wird.</translation>
    </message>
</context>
<context>
    <name>epi::EnginePage</name>
    <message>
        <source>&amp;On this computer</source>
        <translation>&amp;Auf diesem Rechner</translation>
    </message>
    <message>
        <source>&amp;Connect</source>
        <translation>&amp;Verbinden</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>&amp;Models…</source>
        <translation>&amp;Modelle…</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Choose, add and remove model files, and see what fits into memory.</source>
        <translation>Modelldateien wählen, hinzufügen und entfernen und sehen, was in den Speicher passt.</translation>
    </message>
    <message>
        <source>Engine</source>
        <translation>Engine</translation>
    </message>
    <message>
        <source>Comman&amp;d</source>
        <translation>&amp;Befehl</translation>
    </message>
    <message>
        <source>The program and its arguments; started directly, without a shell</source>
        <translation>Das Programm und seine Argumente; direkt gestartet, ohne Shell</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Zustand</translation>
    </message>
    <message>
        <source>Started directly, without a shell. What you ask goes to that machine.</source>
        <translation>Wird direkt gestartet, ohne Shell. Was Sie fragen, geht an jenen Rechner.</translation>
    </message>
    <message>
        <source>Program “%1”, arguments: %2</source>
        <translation>Programm „%1“, Argumente: %2</translation>
    </message>
    <message>
        <source>none</source>
        <translation>keine</translation>
    </message>
    <message>
        <source>version %1</source>
        <translation>Version %1</translation>
    </message>
    <message>
        <source>&amp;By a command, such as ssh</source>
        <translation>Durch einen &amp;Befehl, etwa ssh</translation>
    </message>
</context>
<context>
    <name>epi::EpisodeModel</name>
    <message numerus="yes">
        <source>%n segment(s)</source>
        <translation>
            <numerusform>%n Abschnitt</numerusform>
            <numerusform>%n Abschnitte</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n message(s)</source>
        <translation>
            <numerusform>%n Nachricht</numerusform>
            <numerusform>%n Nachrichten</numerusform>
        </translation>
    </message>
    <message>
        <source>Episode %1, %2, %3: %4</source>
        <translation>Episode %1, %2, %3: %4</translation>
    </message>
    <message>
        <source>Episode %1</source>
        <translation>Episode %1</translation>
    </message>
    <message numerus="yes">
        <source>%Ln entr(y|ies) kept</source>
        <translation>
            <numerusform>%Ln Eintrag behalten</numerusform>
            <numerusform>%Ln Einträge behalten</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>epi::EvaluationWindow</name>
    <message>
        <source>Written to %1.</source>
        <translation>Nach %1 geschrieben.</translation>
    </message>
    <message>
        <source>%1 was not written. %2</source>
        <translation>%1 wurde nicht geschrieben. %2</translation>
    </message>
    <message>
        <source>Evaluation</source>
        <translation>Auswertung</translation>
    </message>
    <message>
        <source>Results</source>
        <translation>Ergebnisse</translation>
    </message>
    <message>
        <source>Summary</source>
        <translation>Zusammenfassung</translation>
    </message>
    <message>
        <source>The evaluation paused. %1</source>
        <translation>Die Auswertung wurde angehalten. %1</translation>
    </message>
    <message>
        <source>Conversation</source>
        <translation>Gespräch</translation>
    </message>
    <message>
        <source>All</source>
        <translation>Alle</translation>
    </message>
    <message>
        <source>Number of questions</source>
        <translation>Anzahl der Fragen</translation>
    </message>
    <message>
        <source>&amp;Conversation</source>
        <translation>&amp;Gespräch</translation>
    </message>
    <message>
        <source>&amp;Questions</source>
        <translation>&amp;Fragen</translation>
    </message>
    <message>
        <source>Export C&amp;SV…</source>
        <translation>C&amp;SV exportieren…</translation>
    </message>
    <message>
        <source>Export &amp;JSON…</source>
        <translation>&amp;JSON exportieren…</translation>
    </message>
    <message numerus="yes">
        <source>%n question(s)</source>
        <translation>
            <numerusform>%n Frage</numerusform>
            <numerusform>%n Fragen</numerusform>
        </translation>
    </message>
    <message>
        <source>No conversation has questions yet. Import a benchmark file such as LoCoMo.</source>
        <translation>Noch kein Gespräch hat Fragen. Importieren Sie eine Benchmark-Datei wie LoCoMo.</translation>
    </message>
    <message>
        <source>Category &amp;%1 (%2)</source>
        <translation>Kategorie &amp;%1 (%2)</translation>
    </message>
    <message>
        <source>&amp;Pause</source>
        <translation>&amp;Anhalten</translation>
    </message>
    <message>
        <source>&amp;Resume</source>
        <translation>&amp;Fortsetzen</translation>
    </message>
    <message>
        <source>&amp;Run</source>
        <translation>&amp;Starten</translation>
    </message>
    <message>
        <source>Starting…</source>
        <translation>Startet…</translation>
    </message>
    <message>
        <source>Paused: %1</source>
        <translation>Angehalten: %1</translation>
    </message>
    <message>
        <source>Done: %1</source>
        <translation>Fertig: %1</translation>
    </message>
    <message>
        <source>Mean F1 per category appears here with the first answer.</source>
        <translation>Das mittlere F1 je Kategorie erscheint hier mit der ersten Antwort.</translation>
    </message>
    <message>
        <source>%1: F1 %2 (%3)</source>
        <translation>%1: F1 %2 (%3)</translation>
    </message>
    <message>
        <source>Category %1</source>
        <translation>Kategorie %1</translation>
    </message>
    <message>
        <source>Export results</source>
        <translation>Ergebnisse exportieren</translation>
    </message>
    <message>
        <source>%1 files (*.%2)</source>
        <translation>%1-Dateien (*.%2)</translation>
    </message>
    <message numerus="yes">
        <source>%1 of %n question(s) answered</source>
        <translation>
            <numerusform>%1 von %n Frage beantwortet</numerusform>
            <numerusform>%1 von %n Fragen beantwortet</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>epi::ExportClient</name>
    <message>
        <source>chat</source>
        <translation>chat</translation>
    </message>
    <message>
        <source>Export this chat</source>
        <translation>Diesen Chat exportieren</translation>
    </message>
    <message>
        <source>Export all chats</source>
        <translation>Alle Chats exportieren</translation>
    </message>
    <message>
        <source>Exporting…</source>
        <translation>Export läuft…</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message numerus="yes">
        <source>Exported %n chat(s) to %1.</source>
        <translation>
            <numerusform>%n Chat nach %1 exportiert.</numerusform>
            <numerusform>%n Chats nach %1 exportiert.</numerusform>
        </translation>
    </message>
    <message>
        <source>%1 was not written. %2</source>
        <translation>%1 wurde nicht geschrieben. %2</translation>
    </message>
</context>
<context>
    <name>epi::FindBar</name>
    <message>
        <source>Previous hit</source>
        <translation>Vorheriger Treffer</translation>
    </message>
    <message>
        <source>Next hit</source>
        <translation>Nächster Treffer</translation>
    </message>
    <message>
        <source>Close the search</source>
        <translation>Suche schließen</translation>
    </message>
    <message>
        <source>Find in this chat</source>
        <translation>In diesem Chat suchen</translation>
    </message>
    <message>
        <source>Chat</source>
        <translation>Chat</translation>
    </message>
    <message>
        <source>&amp;Find in this chat…</source>
        <translation>In diesem Chat su&amp;chen…</translation>
    </message>
    <message>
        <source>Ne&amp;xt hit</source>
        <translation>Näc&amp;hster Treffer</translation>
    </message>
    <message>
        <source>Previous hi&amp;t</source>
        <translation>Vorheriger &amp;Treffer</translation>
    </message>
    <message>
        <source>Searching…</source>
        <translation>Suche läuft…</translation>
    </message>
    <message>
        <source>No hits</source>
        <translation>Keine Treffer</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 von %2</translation>
    </message>
</context>
<context>
    <name>epi::FirstSteps</name>
    <message>
        <source>A model</source>
        <translation>Ein Modell</translation>
    </message>
    <message>
        <source>&amp;Models…</source>
        <translation>&amp;Modelle…</translation>
    </message>
    <message>
        <source>Your history</source>
        <translation>Ihre bisherigen Gespräche</translation>
    </message>
    <message>
        <source>&amp;Import…</source>
        <translation>&amp;Importieren…</translation>
    </message>
    <message>
        <source>A first question</source>
        <translation>Eine erste Frage</translation>
    </message>
    <message>
        <source>&amp;Write</source>
        <translation>&amp;Schreiben</translation>
    </message>
    <message>
        <source>Bring chats or a long conversation from elsewhere. You can also skip this.</source>
        <translation>Bringen Sie Chats oder ein langes Gespräch von anderswo mit. Sie können das auch auslassen.</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Erledigt</translation>
    </message>
    <message>
        <source>To do</source>
        <translation>Offen</translation>
    </message>
    <message>
        <source>%1 is loaded.</source>
        <translation>%1 ist geladen.</translation>
    </message>
    <message>
        <source>None is loaded. Choose a GGUF file of this computer; nothing is downloaded.</source>
        <translation>Keines ist geladen. Wählen Sie eine GGUF-Datei dieses Rechners; es wird nichts heruntergeladen.</translation>
    </message>
    <message>
        <source>Welcome to EpiChat</source>
        <translation>Willkommen bei EpiChat</translation>
    </message>
    <message>
        <source>What is on your mind?</source>
        <translation>Was möchten Sie wissen?</translation>
    </message>
    <message>
        <source>A chat with a model on your computer, whose memory does not run out. Nothing you write leaves this computer.</source>
        <translation>Ein Chat mit einem Modell auf Ihrem Rechner, dessen Gedächtnis nicht endet. Nichts, was Sie schreiben, verlässt diesen Rechner.</translation>
    </message>
    <message>
        <source>Write below and press Enter.</source>
        <translation>Schreiben Sie unten und drücken Sie die Eingabetaste.</translation>
    </message>
    <message>
        <source>You can write already; it is answered when a model is loaded.</source>
        <translation>Sie können schon schreiben; beantwortet wird, sobald ein Modell geladen ist.</translation>
    </message>
</context>
<context>
    <name>epi::GeneralPage</name>
    <message>
        <source>General</source>
        <translation>Allgemein</translation>
    </message>
    <message>
        <source>As the desktop</source>
        <translation>Wie die Arbeitsumgebung</translation>
    </message>
    <message>
        <source>&amp;Language</source>
        <translation>&amp;Sprache</translation>
    </message>
    <message>
        <source>Changes when EpiChat is started again.</source>
        <translation>Gilt nach dem nächsten Start von EpiChat.</translation>
    </message>
    <message>
        <source>&amp;Open the last chat at start</source>
        <translation>Beim Start den letzten Chat &amp;öffnen</translation>
    </message>
    <message>
        <source>Privacy</source>
        <translation>Privatsphäre</translation>
    </message>
    <message>
        <source>EpiChat&apos;s window opens no network connection, and the system allows it none.</source>
        <translation>Das Fenster von EpiChat öffnet keine Netzwerkverbindung, und das System lässt auch keine zu.</translation>
    </message>
    <message>
        <source>EpiChat&apos;s window opens no network connection but the one to its display, which is on another machine. Because of it the system cannot refuse others.</source>
        <translation>Das Fenster von EpiChat öffnet keine Netzwerkverbindung außer der zu seinem Bildschirm, der zu einem anderen Rechner gehört. Ihretwegen kann das System die übrigen nicht verweigern.</translation>
    </message>
    <message>
        <source>EpiChat&apos;s window opens no network connection. This system has no means to refuse it one.</source>
        <translation>Das Fenster von EpiChat öffnet keine Netzwerkverbindung. Dieses System hat kein Mittel, sie ihm zu verweigern.</translation>
    </message>
    <message>
        <source>Your chats, models and memories stay on this computer, unless you choose an engine on another machine.</source>
        <translation>Ihre Chats, Modelle und Gedächtnisse bleiben auf diesem Rechner, es sei denn, Sie wählen eine Engine auf einem anderen.</translation>
    </message>
    <message>
        <source>&amp;Allow downloads of models</source>
        <translation>&amp;Herunterladen von Modellen erlauben</translation>
    </message>
    <message>
        <source>The model manager can then fetch a file from an address you give it. Another program does that, only when you start it, and the server learns your network address.</source>
        <translation>Die Modellverwaltung kann dann eine Datei von einer Adresse holen, die Sie angeben. Das tut ein anderes Programm, nur wenn Sie es starten, und der Server erfährt Ihre Netzwerkadresse.</translation>
    </message>
</context>
<context>
    <name>epi::ImportDialog</name>
    <message>
        <source>&amp;All chats</source>
        <translation>&amp;Alle Chats</translation>
    </message>
    <message>
        <source>Import chats</source>
        <translation>Chats importieren</translation>
    </message>
    <message>
        <source>Chats of the file</source>
        <translation>Chats der Datei</translation>
    </message>
    <message>
        <source>What was left out</source>
        <translation>Was ausgelassen wurde</translation>
    </message>
    <message>
        <source>Progress of the import</source>
        <translation>Fortschritt des Imports</translation>
    </message>
    <message>
        <source>&amp;Close</source>
        <translation>S&amp;chließen</translation>
    </message>
    <message>
        <source>&amp;Cancel</source>
        <translation>&amp;Abbrechen</translation>
    </message>
    <message>
        <source>Reading %1…</source>
        <translation>%1 wird gelesen…</translation>
    </message>
    <message>
        <source>Importing from %1…</source>
        <translation>Import aus %1…</translation>
    </message>
    <message>
        <source>%1 (%2)</source>
        <translation>%1 (%2)</translation>
    </message>
    <message numerus="yes">
        <source>&amp;Import %n chat(s)</source>
        <translation>
            <numerusform>%n Chat &amp;importieren</numerusform>
            <numerusform>%n Chats &amp;importieren</numerusform>
        </translation>
    </message>
    <message>
        <source>Imported from %1</source>
        <translation>Aus %1 importiert</translation>
    </message>
    <message>
        <source>%1 was not imported</source>
        <translation>%1 wurde nicht importiert</translation>
    </message>
    <message>
        <source>&amp;Open the chat</source>
        <translation>Chat ö&amp;ffnen</translation>
    </message>
    <message>
        <source>&amp;Open the first</source>
        <translation>Den ersten ö&amp;ffnen</translation>
    </message>
    <message>
        <source>&amp;Import another…</source>
        <translation>&amp;Andere importieren…</translation>
    </message>
</context>
<context>
    <name>epi::ImportModel</name>
    <message>
        <source>Chat</source>
        <translation>Chat</translation>
    </message>
    <message>
        <source>Messages</source>
        <translation>Nachrichten</translation>
    </message>
    <message>
        <source>Last used</source>
        <translation>Zuletzt benutzt</translation>
    </message>
    <message>
        <source>Here</source>
        <translation>Hier</translation>
    </message>
</context>
<context>
    <name>epi::ImportText</name>
    <message numerus="yes">
        <source>%n instruction(s) the other program added</source>
        <translation>
            <numerusform>%n Anweisung, die das andere Programm hinzufügte</numerusform>
            <numerusform>%n Anweisungen, die das andere Programm hinzufügte</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n tool call(s) and result(s)</source>
        <translation>
            <numerusform>%n Werkzeugaufruf mit Ergebnis</numerusform>
            <numerusform>%n Werkzeugaufrufe und Ergebnisse</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n passage(s) of a model&apos;s reasoning</source>
        <translation>
            <numerusform>%n Abschnitt aus dem Nachdenken eines Modells</numerusform>
            <numerusform>%n Abschnitte aus dem Nachdenken eines Modells</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n image(s) or file(s), which exports name but do not hold</source>
        <translation>
            <numerusform>%n Bild oder Datei, die Exporte nennen, aber nicht enthalten</numerusform>
            <numerusform>%n Bilder oder Dateien, die Exporte nennen, aber nicht enthalten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n message(s) marked as hidden</source>
        <translation>
            <numerusform>%n als verborgen markierte Nachricht</numerusform>
            <numerusform>%n als verborgen markierte Nachrichten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n error message(s) in place of an answer</source>
        <translation>
            <numerusform>%n Fehlermeldung an Stelle einer Antwort</numerusform>
            <numerusform>%n Fehlermeldungen an Stelle einer Antwort</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n empty message(s)</source>
        <translation>
            <numerusform>%n leere Nachricht</numerusform>
            <numerusform>%n leere Nachrichten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n part(s) of an unknown kind</source>
        <translation>
            <numerusform>%n Teil unbekannter Art</numerusform>
            <numerusform>%n Teile unbekannter Art</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n message(s) that belong to no beginning</source>
        <translation>
            <numerusform>%n Nachricht, die zu keinem Anfang gehört</numerusform>
            <numerusform>%n Nachrichten, die zu keinem Anfang gehören</numerusform>
        </translation>
    </message>
    <message>
        <source>New</source>
        <translation>Neu</translation>
    </message>
    <message numerus="yes">
        <source>%n new message(s)</source>
        <translation>
            <numerusform>%n neue Nachricht</numerusform>
            <numerusform>%n neue Nachrichten</numerusform>
        </translation>
    </message>
    <message>
        <source>In the bin, comes back</source>
        <translation>Im Papierkorb, kommt zurück</translation>
    </message>
    <message>
        <source>Already here</source>
        <translation>Schon hier</translation>
    </message>
    <message numerus="yes">
        <source>%n new chat(s)</source>
        <translation>
            <numerusform>%n neuer Chat</numerusform>
            <numerusform>%n neue Chats</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n with new messages</source>
        <translation>
            <numerusform>%n mit neuen Nachrichten</numerusform>
            <numerusform>%n mit neuen Nachrichten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n already here</source>
        <translation>
            <numerusform>%n schon hier</numerusform>
            <numerusform>%n schon hier</numerusform>
        </translation>
    </message>
    <message>
        <source>Left out: %1</source>
        <translation>Ausgelassen: %1</translation>
    </message>
    <message>
        <source>Not imported: %1 (%2)</source>
        <translation>Nicht importiert: %1 (%2)</translation>
    </message>
    <message>
        <source>The rest of the file cannot be read. %1</source>
        <translation>Der Rest der Datei ist nicht lesbar. %1</translation>
    </message>
</context>
<context>
    <name>epi::JobStrip</name>
    <message>
        <source>&amp;Cancel</source>
        <translation>&amp;Abbrechen</translation>
    </message>
    <message>
        <source>Progress</source>
        <translation>Fortschritt</translation>
    </message>
    <message>
        <source>Ends the running job; what is finished is kept</source>
        <translation>Beendet die laufende Aufgabe; Fertiges bleibt erhalten</translation>
    </message>
</context>
<context>
    <name>epi::JobsPopover</name>
    <message>
        <source>Nothing is running.</source>
        <translation>Es läuft nichts.</translation>
    </message>
    <message>
        <source>Running jobs</source>
        <translation>Laufende Aufgaben</translation>
    </message>
</context>
<context>
    <name>epi::LayerBars</name>
    <message>
        <source>Entries kept per layer and KV head</source>
        <translation>Behaltene Einträge je Schicht und KV-Kopf</translation>
    </message>
    <message>
        <source>Layer %1</source>
        <translation>Schicht %1</translation>
    </message>
    <message numerus="yes">
        <source>Layer %1, KV head %2: %Ln entr(y|ies) kept</source>
        <translation>
            <numerusform>Schicht %1, KV-Kopf %2: %Ln Eintrag behalten</numerusform>
            <numerusform>Schicht %1, KV-Kopf %2: %Ln Einträge behalten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Layer %1, KV head %2: %Ln entr(y|ies) kept, the layer&apos;s budget is %3 per head</source>
        <translation>
            <numerusform>Schicht %1, KV-Kopf %2: %Ln Eintrag behalten, das Budget der Schicht ist %3 je Kopf</numerusform>
            <numerusform>Schicht %1, KV-Kopf %2: %Ln Einträge behalten, das Budget der Schicht ist %3 je Kopf</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>epi::LinkTexts</name>
    <message>
        <source>Is not opened: %1</source>
        <translation>Wird nicht geöffnet: %1</translation>
    </message>
    <message>
        <source>Open link</source>
        <translation>Link öffnen</translation>
    </message>
    <message>
        <source>Only web and e-mail addresses are opened. This link leads to:</source>
        <translation>Nur Web- und E-Mail-Adressen werden geöffnet. Dieser Link führt zu:</translation>
    </message>
    <message>
        <source>&amp;Close</source>
        <translation>S&amp;chließen</translation>
    </message>
    <message>
        <source>Open this address outside of EpiChat?</source>
        <translation>Diese Adresse außerhalb von EpiChat öffnen?</translation>
    </message>
    <message>
        <source>&amp;Open</source>
        <translation>Ö&amp;ffnen</translation>
    </message>
    <message>
        <source>&amp;Copy address</source>
        <translation>Adresse &amp;kopieren</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
</context>
<context>
    <name>epi::LoadPanel</name>
    <message>
        <source>&amp;Load</source>
        <translation>&amp;Laden</translation>
    </message>
    <message>
        <source>&amp;Cancel</source>
        <translation>&amp;Abbrechen</translation>
    </message>
    <message>
        <source>Ends loading; the model before stays</source>
        <translation>Beendet das Laden; das bisherige Modell bleibt</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>Automatisch</translation>
    </message>
    <message>
        <source>CPU</source>
        <translation>CPU</translation>
    </message>
    <message>
        <source>GPU (CUDA)</source>
        <translation>GPU (CUDA)</translation>
    </message>
    <message>
        <source>As the engine prefers</source>
        <translation>Wie die Engine es wählt</translation>
    </message>
    <message>
        <source>Exact (fp32)</source>
        <translation>Genau (fp32)</translation>
    </message>
    <message>
        <source>Entries kept per layer and KV head, on average (M)</source>
        <translation>Behaltene Einträge je Schicht und KV-Kopf im Mittel (M)</translation>
    </message>
    <message>
        <source>Episodes the conversation is sorted into (E); each gets a cache of its own</source>
        <translation>Episoden, in die das Gespräch geordnet wird (E); jede bekommt einen eigenen Cache</translation>
    </message>
    <message>
        <source>&amp;Device</source>
        <translation>&amp;Gerät</translation>
    </message>
    <message>
        <source>A&amp;rithmetic</source>
        <translation>&amp;Rechenart</translation>
    </message>
    <message>
        <source>&amp;Budget M</source>
        <translation>&amp;Budget M</translation>
    </message>
    <message>
        <source>&amp;Episodes E</source>
        <translation>&amp;Episoden E</translation>
    </message>
    <message>
        <source>This file is on another machine: what it needs is not known here.</source>
        <translation>Diese Datei liegt auf einem anderen Rechner: Was sie braucht, ist hier nicht bekannt.</translation>
    </message>
    <message>
        <source>Weights %1</source>
        <translation>Gewichte %1</translation>
    </message>
    <message>
        <source>Caches %1</source>
        <translation>Caches %1</translation>
    </message>
    <message>
        <source>Scratch up to %1</source>
        <translation>Zwischenergebnisse bis %1</translation>
    </message>
    <message>
        <source>%1 needed, %2 free</source>
        <translation>%1 nötig, %2 frei</translation>
    </message>
    <message>
        <source>%1 needed; what is free there is not known here</source>
        <translation>%1 nötig; was dort frei ist, ist hier nicht bekannt</translation>
    </message>
    <message>
        <source>Fits.</source>
        <translation>Passt.</translation>
    </message>
    <message>
        <source>The model itself needs %1 and %2 is free. Choose a smaller model or a stronger quantisation.</source>
        <translation>Das Modell selbst braucht %1, frei sind %2. Wählen Sie ein kleineres Modell oder eine stärkere Quantisierung.</translation>
    </message>
    <message>
        <source>The model fits, but not with these caches: %1 is left for them. A budget of %2 would fit.</source>
        <translation>Das Modell passt, aber nicht mit diesen Caches: Für sie bleiben %1. Ein Budget von %2 würde passen.</translation>
    </message>
    <message>
        <source>Fast (as stored; bf16 on a GPU)</source>
        <translation>Schnell (wie gespeichert; bf16 auf einer GPU)</translation>
    </message>
</context>
<context>
    <name>epi::MainWindow</name>
    <message>
        <source>EpiChat</source>
        <translation>EpiChat</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Gedächtnis</translation>
    </message>
    <message>
        <source>Your data could not be stored. %1</source>
        <translation>Ihre Daten konnten nicht gespeichert werden. %1</translation>
    </message>
    <message>
        <source>&amp;Open data folder</source>
        <translation>&amp;Datenordner öffnen</translation>
    </message>
    <message>
        <source>%1 was not imported. %2</source>
        <translation>%1 wurde nicht importiert. %2</translation>
    </message>
    <message>
        <source>&amp;Import another…</source>
        <translation>&amp;Andere importieren…</translation>
    </message>
    <message>
        <source>Your conversations cannot be opened. %1</source>
        <translation>Ihre Gespräche können nicht geöffnet werden. %1</translation>
    </message>
    <message>
        <source>Another program has these conversations open: here they can only be read.</source>
        <translation>Ein anderes Programm hat diese Gespräche geöffnet: Hier können sie nur gelesen werden.</translation>
    </message>
    <message>
        <source>Importing %1…</source>
        <translation>%1 wird importiert…</translation>
    </message>
    <message numerus="yes">
        <source>Imported %n conversation(s) from %1.</source>
        <translation>
            <numerusform>%n Gespräch aus %1 importiert.</numerusform>
            <numerusform>%n Gespräche aus %1 importiert.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n part(s) could not be used.</source>
        <translation>
            <numerusform>%n Teil war nicht verwendbar.</numerusform>
            <numerusform>%n Teile waren nicht verwendbar.</numerusform>
        </translation>
    </message>
    <message>
        <source>&amp;Details</source>
        <translation>&amp;Einzelheiten</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>&amp;New chat</source>
        <translation>&amp;Neuer Chat</translation>
    </message>
    <message>
        <source>&amp;Import…</source>
        <translation>&amp;Importieren…</translation>
    </message>
    <message>
        <source>&amp;Settings…</source>
        <translation>&amp;Einstellungen…</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>&amp;Beenden</translation>
    </message>
    <message>
        <source>Chat</source>
        <translation>Chat</translation>
    </message>
    <message>
        <source>&amp;Write a message</source>
        <translation>Nachricht &amp;schreiben</translation>
    </message>
    <message>
        <source>&amp;Stop</source>
        <translation>S&amp;topp</translation>
    </message>
    <message>
        <source>&amp;Rename</source>
        <translation>&amp;Umbenennen</translation>
    </message>
    <message>
        <source>&amp;Delete</source>
        <translation>&amp;Löschen</translation>
    </message>
    <message>
        <source>Ne&amp;xt chat</source>
        <translation>&amp;Nächster Chat</translation>
    </message>
    <message>
        <source>View</source>
        <translation>Ansicht</translation>
    </message>
    <message>
        <source>&amp;Memory panel</source>
        <translation>&amp;Gedächtnisleiste</translation>
    </message>
    <message>
        <source>&amp;Chat list</source>
        <translation>&amp;Chatliste</translation>
    </message>
    <message>
        <source>&amp;Tint by what is kept</source>
        <translation>Nach Behaltenem &amp;einfärben</translation>
    </message>
    <message>
        <source>Next &amp;pane</source>
        <translation>Nächster &amp;Bereich</translation>
    </message>
    <message>
        <source>&amp;Larger text</source>
        <translation>&amp;Schrift vergrößern</translation>
    </message>
    <message>
        <source>&amp;Smaller text</source>
        <translation>Schrift ver&amp;kleinern</translation>
    </message>
    <message>
        <source>&amp;Normal text size</source>
        <translation>&amp;Normale Schriftgröße</translation>
    </message>
    <message>
        <source>&amp;Full screen</source>
        <translation>&amp;Vollbild</translation>
    </message>
    <message>
        <source>&amp;Build memory…</source>
        <translation>Gedächtnis &amp;aufbauen…</translation>
    </message>
    <message>
        <source>&amp;Evaluation…</source>
        <translation>Aus&amp;wertung…</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>&amp;Models…</source>
        <translation>&amp;Modelle…</translation>
    </message>
    <message>
        <source>&amp;Jobs</source>
        <translation>A&amp;ufgaben</translation>
    </message>
    <message>
        <source>&amp;Open model file…</source>
        <translation>Modelldatei &amp;öffnen…</translation>
    </message>
    <message>
        <source>Help</source>
        <translation>Hilfe</translation>
    </message>
    <message>
        <source>&amp;Find a command or chat…</source>
        <translation>&amp;Befehl oder Chat finden…</translation>
    </message>
    <message>
        <source>&amp;Keyboard shortcuts…</source>
        <translation>&amp;Tastenkürzel…</translation>
    </message>
    <message>
        <source>Loading the model was stopped.</source>
        <translation>Das Laden des Modells wurde abgebrochen.</translation>
    </message>
    <message>
        <source>No model is loaded. You can read your conversations; to ask, choose a model. %1</source>
        <translation>Es ist kein Modell geladen. Sie können Ihre Gespräche lesen; um zu fragen, wählen Sie ein Modell. %1</translation>
    </message>
    <message>
        <source>Connecting to the engine…</source>
        <translation>Verbindung zur Engine wird hergestellt…</translation>
    </message>
    <message>
        <source>The connection to the engine was lost: %1. Connecting again…</source>
        <translation>Die Verbindung zur Engine ging verloren: %1. Sie wird wieder hergestellt…</translation>
    </message>
    <message>
        <source>The engine stopped: %1. Restarting…</source>
        <translation>Die Engine wurde beendet: %1. Sie wird neu gestartet…</translation>
    </message>
    <message>
        <source>The engine cannot be reached: %1. Your conversations are safe.</source>
        <translation>Die Engine ist nicht erreichbar: %1. Ihre Gespräche sind sicher.</translation>
    </message>
    <message>
        <source>The engine stopped: %1. Your conversations are safe.</source>
        <translation>Die Engine wurde beendet: %1. Ihre Gespräche sind sicher.</translation>
    </message>
    <message>
        <source>&amp;Try again</source>
        <translation>&amp;Noch einmal versuchen</translation>
    </message>
    <message>
        <source>Loading the model</source>
        <translation>Modell wird geladen</translation>
    </message>
    <message>
        <source>New chat</source>
        <translation>Neuer Chat</translation>
    </message>
    <message>
        <source>Answering in “%1”</source>
        <translation>Antwort in „%1“</translation>
    </message>
    <message>
        <source>Memory of “%1”</source>
        <translation>Gedächtnis von „%1“</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Beenden</translation>
    </message>
    <message>
        <source>A memory is being built.</source>
        <translation>Ein Gedächtnis wird gerade aufgebaut.</translation>
    </message>
    <message>
        <source>Finished episodes are kept; the rest is built when it is needed.</source>
        <translation>Fertige Episoden bleiben erhalten; der Rest wird aufgebaut, wenn er gebraucht wird.</translation>
    </message>
    <message>
        <source>&amp;Stop and quit</source>
        <translation>&amp;Abbrechen und beenden</translation>
    </message>
    <message>
        <source>&amp;Go on</source>
        <translation>&amp;Weitermachen</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>&amp;Datei</translation>
    </message>
    <message>
        <source>&amp;Chat</source>
        <translation>&amp;Chat</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>&amp;Ansicht</translation>
    </message>
    <message>
        <source>T&amp;heme</source>
        <translation>&amp;Farben</translation>
    </message>
    <message>
        <source>&amp;Memory</source>
        <translation>&amp;Gedächtnis</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>&amp;Hilfe</translation>
    </message>
    <message>
        <source>More menus</source>
        <translation>Weitere Menüs</translation>
    </message>
    <message>
        <source>&amp;Light</source>
        <translation>&amp;Hell</translation>
    </message>
    <message>
        <source>&amp;Dark</source>
        <translation>&amp;Dunkel</translation>
    </message>
    <message>
        <source>&amp;High contrast</source>
        <translation>Hoher &amp;Kontrast</translation>
    </message>
    <message>
        <source>M&amp;odel</source>
        <translation>&amp;Modell</translation>
    </message>
    <message>
        <source>%1 (%2)</source>
        <translation>%1 (%2)</translation>
    </message>
    <message>
        <source>No model files found</source>
        <translation>Keine Modelldateien gefunden</translation>
    </message>
    <message>
        <source>The engine is starting</source>
        <translation>Die Engine startet</translation>
    </message>
    <message>
        <source>Import conversations</source>
        <translation>Gespräche importieren</translation>
    </message>
    <message>
        <source>Open a model</source>
        <translation>Modell öffnen</translation>
    </message>
    <message>
        <source>Models (*.gguf);;All files (*)</source>
        <translation>Modelle (*.gguf);;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>The episode caches could not be kept below their limit. %1</source>
        <translation>Die Episoden-Caches konnten nicht unter ihrer Grenze gehalten werden. %1</translation>
    </message>
    <message>
        <source>Me&amp;ssage</source>
        <translation>Nach&amp;richt</translation>
    </message>
    <message>
        <source>Cha&amp;t settings…</source>
        <translation>Chat-&amp;Einstellungen…</translation>
    </message>
    <message>
        <source>The chat&apos;s settings can be changed when the running job has ended.</source>
        <translation>Die Einstellungen des Chats können geändert werden, wenn die laufende Aufgabe beendet ist.</translation>
    </message>
    <message>
        <source>EpiChat chats</source>
        <translation>EpiChat-Chats</translation>
    </message>
    <message>
        <source>&amp;Export this chat…</source>
        <translation>Diesen Chat e&amp;xportieren…</translation>
    </message>
    <message>
        <source>Export a&amp;ll chats…</source>
        <translation>A&amp;lle Chats exportieren…</translation>
    </message>
    <message>
        <source>Chats (*.json *.md *.txt);;All files (*)</source>
        <translation>Chats (*.json *.md *.txt);;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>A model is being downloaded.</source>
        <translation>Ein Modell wird heruntergeladen.</translation>
    </message>
    <message>
        <source>What is there is kept, and the next download goes on from it.</source>
        <translation>Was da ist, bleibt, und das nächste Herunterladen geht von dort aus weiter.</translation>
    </message>
    <message>
        <source>Import of %1</source>
        <translation>Import von %1</translation>
    </message>
    <message>
        <source>Evaluation of “%1”</source>
        <translation>Auswertung von „%1“</translation>
    </message>
    <message>
        <source>Previous &amp;chat</source>
        <translation>&amp;Voriger Chat</translation>
    </message>
    <message>
        <source>Connected again; the connection to the engine was lost: %1.</source>
        <translation>Wieder verbunden; die Verbindung zur Engine war verloren gegangen: %1.</translation>
    </message>
    <message>
        <source>The engine was started again after it stopped: %1.</source>
        <translation>Die Engine wurde neu gestartet, nachdem sie angehalten hatte: %1.</translation>
    </message>
    <message>
        <source>Loading the model was stopped. %1 answers as before.</source>
        <translation>Das Laden des Modells wurde angehalten. %1 antwortet weiterhin.</translation>
    </message>
    <message>
        <source>The model was not loaded; %1 answers as before. %2</source>
        <translation>Das Modell wurde nicht geladen; %1 antwortet weiterhin. %2</translation>
    </message>
    <message>
        <source>&amp;As the desktop</source>
        <translation>&amp;Wie die Arbeitsumgebung</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>Farben</translation>
    </message>
    <message>
        <source>Menu &amp;bar</source>
        <translation>Menüleis&amp;te</translation>
    </message>
    <message>
        <source>M&amp;enu of what has the focus</source>
        <translation>Konte&amp;xtmenü öffnen</translation>
    </message>
    <message>
        <source>&amp;Undo delete or archive</source>
        <translation>Löschen oder Archivieren &amp;rückgängig machen</translation>
    </message>
</context>
<context>
    <name>epi::MemoryBar</name>
    <message>
        <source>Memory needed</source>
        <translation>Benötigter Speicher</translation>
    </message>
</context>
<context>
    <name>epi::MemoryForm</name>
    <message>
        <source>Automatic</source>
        <translation>Automatisch</translation>
    </message>
    <message>
        <source>EpiCache, safe</source>
        <translation>EpiCache, sicher</translation>
    </message>
    <message>
        <source>EpiCache, as released</source>
        <translation>EpiCache, wie veröffentlicht</translation>
    </message>
    <message>
        <source>Entries kept per layer and KV head, on average (M)</source>
        <translation>Behaltene Einträge je Schicht und KV-Kopf im Mittel (M)</translation>
    </message>
    <message>
        <source>Episodes the conversation is sorted into (E); each gets a cache of its own</source>
        <translation>Episoden, in die das Gespräch geordnet wird (E); jede bekommt einen eigenen Cache</translation>
    </message>
    <message>
        <source>Tokens read between two evictions</source>
        <translation>Token, die zwischen zwei Kürzungen gelesen werden</translation>
    </message>
    <message>
        <source>How it is decided what an episode keeps</source>
        <translation>Wie entschieden wird, was eine Episode behält</translation>
    </message>
    <message>
        <source>&amp;Budget M</source>
        <translation>&amp;Budget M</translation>
    </message>
    <message>
        <source>&amp;Episodes E</source>
        <translation>&amp;Episoden E</translation>
    </message>
    <message>
        <source>B&amp;lock</source>
        <translation>B&amp;lock</translation>
    </message>
    <message>
        <source>&amp;Preset</source>
        <translation>&amp;Voreinstellung</translation>
    </message>
    <message>
        <source>EpiChat</source>
        <translation>EpiChat</translation>
    </message>
    <message>
        <source>EpiCache, as in the paper</source>
        <translation>EpiCache, wie im Artikel</translation>
    </message>
    <message>
        <source>What measured best: one cache for all episodes, and passages are quoted</source>
        <translation>Was am besten abschnitt: ein Cache für alle Episoden, und Passagen werden zitiert</translation>
    </message>
    <message>
        <source>The newest entries and the first always stay</source>
        <translation>Die neuesten Einträge und die ersten bleiben immer</translation>
    </message>
    <message>
        <source>Nothing always stays; layers share by how sensitive they are</source>
        <translation>Nichts bleibt immer; die Schichten teilen nach ihrer Empfindlichkeit</translation>
    </message>
    <message>
        <source>Nothing always stays; as its authors&apos; program computes it</source>
        <translation>Nichts bleibt immer; gerechnet wie im Programm seiner Autoren</translation>
    </message>
    <message>
        <source>EpiCache in one pass</source>
        <translation>EpiCache in einem Durchgang</translation>
    </message>
    <message>
        <source>The history is read once for all episodes: faster, and no published method</source>
        <translation>Der Verlauf wird einmal für alle Episoden gelesen: schneller, aber kein veröffentlichtes Verfahren</translation>
    </message>
    <message>
        <source>KeyDiff</source>
        <translation>KeyDiff</translation>
    </message>
    <message>
        <source>Keys unlike the others stay; one cache for all episodes</source>
        <translation>Schlüssel, die den anderen nicht gleichen, bleiben; ein Cache für alle Episoden</translation>
    </message>
    <message>
        <source>KVzip</source>
        <translation>KVzip</translation>
    </message>
    <message>
        <source>What is needed to repeat each block stays; one cache for all episodes</source>
        <translation>Was nötig ist, um jeden Block zu wiederholen, bleibt; ein Cache für alle Episoden</translation>
    </message>
    <message>
        <source>StreamingLLM</source>
        <translation>StreamingLLM</translation>
    </message>
    <message>
        <source>The first and the newest entries stay; one cache for all episodes</source>
        <translation>Die ersten und die neuesten Einträge bleiben; ein Cache für alle Episoden</translation>
    </message>
    <message>
        <source>SnapKV</source>
        <translation>SnapKV</translation>
    </message>
    <message>
        <source>What the end of each block looks at stays; one cache for all episodes</source>
        <translation>Worauf das Ende jedes Blocks blickt, bleibt; ein Cache für alle Episoden</translation>
    </message>
</context>
<context>
    <name>epi::MemoryPage</name>
    <message>
        <source>Memory</source>
        <translation>Gedächtnis</translation>
    </message>
    <message>
        <source>A long chat is sorted into episodes, and each keeps a part of it that fits the budget. These values are offered for chats that have no memory yet.</source>
        <translation>Ein langer Chat wird in Episoden geordnet, und jede behält davon so viel, wie ins Budget passt. Diese Werte gelten für Chats, die noch kein Gedächtnis haben.</translation>
    </message>
    <message>
        <source>&amp;Back to the defaults</source>
        <translation>&amp;Standardwerte wiederherstellen</translation>
    </message>
</context>
<context>
    <name>epi::MemoryPanel</name>
    <message>
        <source>Memory views</source>
        <translation>Gedächtnisansichten</translation>
    </message>
    <message>
        <source>&amp;Episodes</source>
        <translation>&amp;Episoden</translation>
    </message>
    <message>
        <source>&amp;Layers</source>
        <translation>&amp;Schichten</translation>
    </message>
    <message>
        <source>Episodes</source>
        <translation>Episoden</translation>
    </message>
    <message>
        <source>No episodes yet.
Build the memory of this conversation to see them.</source>
        <translation>Noch keine Episoden.
Bauen Sie das Gedächtnis dieses Gesprächs auf, um sie zu sehen.</translation>
    </message>
    <message>
        <source>Open a conversation to see what is remembered of it.</source>
        <translation>Öffnen Sie ein Gespräch, um zu sehen, was davon behalten wurde.</translation>
    </message>
    <message>
        <source>Choose an episode to see what each layer keeps of it.</source>
        <translation>Wählen Sie eine Episode, um zu sehen, was jede Schicht davon behält.</translation>
    </message>
    <message>
        <source>No memory yet: nothing is kept.</source>
        <translation>Noch kein Gedächtnis: Nichts wurde behalten.</translation>
    </message>
    <message>
        <source>Everything fits: the model reads the whole chat.
A memory sorts a longer one into episodes.</source>
        <translation>Alles passt hinein: Das Modell liest den ganzen Chat.
Ein Gedächtnis ordnet einen längeren in Episoden.</translation>
    </message>
    <message>
        <source>Build memor&amp;y…</source>
        <translation>Gedächtnis au&amp;fbauen…</translation>
    </message>
    <message>
        <source>Episode %1 keeps %2 of %3 in %4 with %5. A line marks the layer&apos;s budget per head.</source>
        <translation>Episode %1 behält %2 von %3 in %4 mit %5. Eine Linie zeigt das Budget der Schicht je Kopf.</translation>
    </message>
    <message numerus="yes">
        <source>%Ln entr(y|ies)</source>
        <translation>
            <numerusform>%Ln Eintrag</numerusform>
            <numerusform>%Ln Einträge</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln token(s)</source>
        <translation>
            <numerusform>%Ln Token</numerusform>
            <numerusform>%Ln Token</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln layer(s)</source>
        <translation>
            <numerusform>%Ln Schicht</numerusform>
            <numerusform>%Ln Schichten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln KV head(s)</source>
        <translation>
            <numerusform>%Ln KV-Kopf</numerusform>
            <numerusform>%Ln KV-Köpfen</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>epi::MessageLayout</name>
    <message>
        <source>Image: %1</source>
        <translation>Bild: %1</translation>
    </message>
    <message>
        <source>Episode %1</source>
        <translation>Episode %1</translation>
    </message>
    <message>
        <source>match %1</source>
        <translation>Treffer %1</translation>
    </message>
    <message>
        <source>%1 of %2 tokens kept</source>
        <translation>%1 von %2 Token behalten</translation>
    </message>
    <message>
        <source>%1 tokens/s</source>
        <translation>%1 Token/s</translation>
    </message>
    <message>
        <source>Ended at the length limit for replies.</source>
        <translation>An der Längengrenze für Antworten beendet.</translation>
    </message>
    <message>
        <source>Ended because the memory had no more room for this turn. Continue makes room.</source>
        <translation>Beendet, weil im Gedächtnis kein Platz mehr für diesen Beitrag war. „Fortsetzen“ schafft Platz.</translation>
    </message>
    <message>
        <source>Past the context length the model was trained for.</source>
        <translation>Jenseits der Kontextlänge, für die das Modell trainiert wurde.</translation>
    </message>
    <message>
        <source>Waiting for the engine…</source>
        <translation>Warten auf die Engine…</translation>
    </message>
    <message>
        <source>Stopped by you.</source>
        <translation>Von Ihnen angehalten.</translation>
    </message>
    <message>
        <source>Cut off before it was finished.</source>
        <translation>Abgebrochen, bevor sie fertig war.</translation>
    </message>
    <message>
        <source>Failed.</source>
        <translation>Fehlgeschlagen.</translation>
    </message>
    <message>
        <source>pinned</source>
        <translation>angeheftet</translation>
    </message>
    <message>
        <source>Cut off before it was finished. %1</source>
        <translation>Abgebrochen, bevor sie fertig war. %1</translation>
    </message>
    <message>
        <source>The whole chat</source>
        <translation>Der ganze Chat</translation>
    </message>
    <message numerus="yes">
        <source>%Ln token(s)</source>
        <translation>
            <numerusform>%Ln Token</numerusform>
            <numerusform>%Ln Token</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>epi::MessageModel</name>
    <message>
        <source>%1: %2</source>
        <translation>%1: %2</translation>
    </message>
    <message>
        <source>You</source>
        <translation>Sie</translation>
    </message>
    <message>
        <source>Assistant</source>
        <translation>Assistent</translation>
    </message>
    <message>
        <source>System</source>
        <translation>System</translation>
    </message>
    <message>
        <source>%1, version %2 of %3: %4</source>
        <translation>%1, Fassung %2 von %3: %4</translation>
    </message>
    <message>
        <source>Message %1 is being loaded</source>
        <translation>Nachricht %1 wird geladen</translation>
    </message>
</context>
<context>
    <name>epi::MessageView</name>
    <message>
        <source>Messages</source>
        <translation>Nachrichten</translation>
    </message>
    <message>
        <source>Repeats the last question; its answer was not finished</source>
        <translation>Wiederholt die letzte Frage; ihre Antwort wurde nicht fertig</translation>
    </message>
    <message>
        <source>Copy &amp;selection</source>
        <translation>&amp;Auswahl kopieren</translation>
    </message>
    <message>
        <source>&amp;Copy message</source>
        <translation>Nachricht ko&amp;pieren</translation>
    </message>
    <message>
        <source>Show episode &amp;%1</source>
        <translation>Episode &amp;%1 zeigen</translation>
    </message>
    <message>
        <source>Open &amp;link</source>
        <translation>L&amp;ink öffnen</translation>
    </message>
    <message>
        <source>Copy selection as &amp;Markdown</source>
        <translation>Auswahl als &amp;Markdown kopieren</translation>
    </message>
    <message>
        <source>Show so&amp;urce</source>
        <translation>&amp;Quelltext zeigen</translation>
    </message>
    <message>
        <source>%1
First token after %2 s. Click to see where the reply came from.</source>
        <translation>%1
Erstes Token nach %2 s. Ein Klick zeigt, woher die Antwort kam.</translation>
    </message>
    <message>
        <source>Ask a&amp;gain</source>
        <translation>Erneut &amp;fragen</translation>
    </message>
    <message>
        <source>Cop&amp;y code</source>
        <translation>Co&amp;de kopieren</translation>
    </message>
    <message>
        <source>Copy message as Mar&amp;kdown</source>
        <translation>Nachricht als Markdown &amp;kopieren</translation>
    </message>
    <message>
        <source>Con&amp;tinue</source>
        <translation>Fortset&amp;zen</translation>
    </message>
    <message>
        <source>Goes on with the reply, which ended at a limit</source>
        <translation>Setzt die Antwort fort, die an einer Grenze endete</translation>
    </message>
</context>
<context>
    <name>epi::ModelListModel</name>
    <message>
        <source>%1, %2, loaded</source>
        <translation>%1, %2, geladen</translation>
    </message>
    <message>
        <source>%1 · loaded</source>
        <translation>%1 · geladen</translation>
    </message>
</context>
<context>
    <name>epi::ModelManager</name>
    <message>
        <source>%1: %2</source>
        <translation>%1: %2</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>By</source>
        <translation>Von</translation>
    </message>
    <message>
        <source>Architecture</source>
        <translation>Architektur</translation>
    </message>
    <message>
        <source>Parameters</source>
        <translation>Parameter</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>%1 × %2</source>
        <translation>%1 × %2</translation>
    </message>
    <message>
        <source>Tensors</source>
        <translation>Tensoren</translation>
    </message>
    <message>
        <source>Trained context</source>
        <translation>Trainierter Kontext</translation>
    </message>
    <message>
        <source>Shape</source>
        <translation>Aufbau</translation>
    </message>
    <message>
        <source>Licence</source>
        <translation>Lizenz</translation>
    </message>
    <message>
        <source>not given in the file</source>
        <translation>nicht in der Datei angegeben</translation>
    </message>
    <message>
        <source>Chat template</source>
        <translation>Chat-Vorlage</translation>
    </message>
    <message>
        <source>in the file</source>
        <translation>in der Datei</translation>
    </message>
    <message>
        <source>none, made for completing text</source>
        <translation>keine, für das Fortsetzen von Text gemacht</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>&amp;Close</source>
        <translation>S&amp;chließen</translation>
    </message>
    <message>
        <source>No model is chosen.

Add a GGUF file with the button or by dropping it here. EpiChat downloads nothing by itself.</source>
        <translation>Kein Modell ist gewählt.

Fügen Sie eine GGUF-Datei mit dem Knopf hinzu, oder ziehen Sie sie hierher. EpiChat lädt nichts von selbst herunter.</translation>
    </message>
    <message>
        <source>Add &amp;files…</source>
        <translation>&amp;Dateien hinzufügen…</translation>
    </message>
    <message>
        <source>Add f&amp;older…</source>
        <translation>&amp;Ordner hinzufügen…</translation>
    </message>
    <message>
        <source>Details of the model</source>
        <translation>Einzelheiten zum Modell</translation>
    </message>
    <message>
        <source>Chec&amp;ksum</source>
        <translation>Prüf&amp;summe</translation>
    </message>
    <message>
        <source>Reads the whole file and shows its SHA-256</source>
        <translation>Liest die ganze Datei und zeigt ihre SHA-256</translation>
    </message>
    <message>
        <source>Move to &amp;trash…</source>
        <translation>In den &amp;Papierkorb…</translation>
    </message>
    <message>
        <source>Load</source>
        <translation>Laden</translation>
    </message>
    <message>
        <source>No model files (*.gguf): %1</source>
        <translation>Keine Modelldateien (*.gguf): %1</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>Wird gelesen…</translation>
    </message>
    <message>
        <source>On the engine&apos;s machine: %1</source>
        <translation>Auf dem Rechner der Engine: %1</translation>
    </message>
    <message>
        <source>File: %1</source>
        <translation>Datei: %1</translation>
    </message>
    <message>
        <source>This file cannot be used. %1</source>
        <translation>Diese Datei ist nicht verwendbar. %1</translation>
    </message>
    <message>
        <source>Checksum of %1</source>
        <translation>Prüfsumme von %1</translation>
    </message>
    <message>
        <source>SHA-256: %1</source>
        <translation>SHA-256: %1</translation>
    </message>
    <message>
        <source>No checksum. %1</source>
        <translation>Keine Prüfsumme. %1</translation>
    </message>
    <message>
        <source>Move to trash</source>
        <translation>In den Papierkorb</translation>
    </message>
    <message>
        <source>Move %1 (%2) to the trash?</source>
        <translation>%1 (%2) in den Papierkorb verschieben?</translation>
    </message>
    <message>
        <source>Chats stay. Their memories built with this model stay too, and are used again if the file comes back.</source>
        <translation>Chats bleiben. Auch ihre mit diesem Modell aufgebauten Gedächtnisse bleiben und werden wieder benutzt, wenn die Datei zurückkommt.</translation>
    </message>
    <message>
        <source>&amp;Move to trash</source>
        <translation>&amp;In den Papierkorb</translation>
    </message>
    <message>
        <source>&amp;Keep</source>
        <translation>&amp;Behalten</translation>
    </message>
    <message>
        <source>%1 could not be moved to the trash. Remove it in the file manager: %2</source>
        <translation>%1 konnte nicht in den Papierkorb verschoben werden. Entfernen Sie es in der Dateiverwaltung: %2</translation>
    </message>
    <message>
        <source>%1 is in the trash.</source>
        <translation>%1 ist im Papierkorb.</translation>
    </message>
    <message>
        <source>Add models</source>
        <translation>Modelle hinzufügen</translation>
    </message>
    <message>
        <source>Models (*.gguf);;All files (*)</source>
        <translation>Modelle (*.gguf);;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Add a folder of models</source>
        <translation>Ordner mit Modellen hinzufügen</translation>
    </message>
    <message>
        <source>Do&amp;wnload…</source>
        <translation>&amp;Herunterladen…</translation>
    </message>
    <message>
        <source>Fetches a model from an address, by a program of its own</source>
        <translation>Holt ein Modell von einer Adresse, durch ein eigenes Programm</translation>
    </message>
    <message>
        <source>Downloads are off. They are allowed in the settings, under General.</source>
        <translation>Das Herunterladen ist ausgeschaltet. Erlaubt wird es in den Einstellungen unter „Allgemein“.</translation>
    </message>
    <message>
        <source>Download of %1</source>
        <translation>Herunterladen von %1</translation>
    </message>
    <message>
        <source>%1 (%2) was fetched. Its SHA-256, to compare: %3</source>
        <translation>%1 (%2) wurde geholt. Die SHA-256 zum Vergleichen: %3</translation>
    </message>
    <message>
        <source>%1 (%2) was fetched. Its SHA-256 is as expected.</source>
        <translation>%1 (%2) wurde geholt. Die SHA-256 ist die erwartete.</translation>
    </message>
    <message>
        <source>The download of %1 was stopped. What is there stays, and the next download from that address goes on from it.</source>
        <translation>Das Herunterladen von %1 wurde angehalten. Was da ist, bleibt, und das nächste Herunterladen von dieser Adresse geht von dort aus weiter.</translation>
    </message>
    <message>
        <source>%1 was not fetched: %2.</source>
        <translation>%1 wurde nicht geholt: %2.</translation>
    </message>
    <message numerus="yes">
        <source>%Ln token(s)</source>
        <translation>
            <numerusform>%Ln Token</numerusform>
            <numerusform>%Ln Token</numerusform>
        </translation>
    </message>
    <message>
        <source>%1, %2</source>
        <translation>%1, %2</translation>
    </message>
    <message numerus="yes">
        <source>%Ln layer(s)</source>
        <translation>
            <numerusform>%Ln Schicht</numerusform>
            <numerusform>%Ln Schichten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln KV head(s) of %1</source>
        <translation>
            <numerusform>%Ln KV-Kopf zu %1</numerusform>
            <numerusform>%Ln KV-Köpfe zu %1</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>epi::NoticeBar</name>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Close this notice</source>
        <translation>Diesen Hinweis schließen</translation>
    </message>
    <message>
        <source>&amp;Copy text</source>
        <translation>Text &amp;kopieren</translation>
    </message>
</context>
<context>
    <name>epi::RepliesPage</name>
    <message>
        <source>Replies</source>
        <translation>Antworten</translation>
    </message>
    <message>
        <source>For new chats, and for chats without settings of their own. A chat&apos;s own are in its menu: Chat, Chat settings.</source>
        <translation>Für neue Chats und für Chats ohne eigene Einstellungen. Die eigenen eines Chats stehen im Menü: Chat, Chat-Einstellungen.</translation>
    </message>
    <message>
        <source>None: the model speaks as it was trained to</source>
        <translation>Keine: das Modell spricht, wie es gelernt hat</translation>
    </message>
    <message>
        <source>S&amp;ystem prompt</source>
        <translation>S&amp;ystemanweisung</translation>
    </message>
    <message>
        <source>Stands before everything in new chats.</source>
        <translation>Steht in neuen Chats vor allem anderen.</translation>
    </message>
    <message>
        <source>&amp;Back to the defaults</source>
        <translation>&amp;Standardwerte wiederherstellen</translation>
    </message>
</context>
<context>
    <name>epi::ReplyDetailsDialog</name>
    <message>
        <source>&amp;Quoted messages</source>
        <translation>&amp;Zitierte Nachrichten</translation>
    </message>
    <message>
        <source>Where the reply came from</source>
        <translation>Woher die Antwort kam</translation>
    </message>
    <message>
        <source>These tokens were there when the reply was written. Which of them it is due to was not measured.</source>
        <translation>Diese Token waren da, als die Antwort geschrieben wurde. Welchen davon sie sich verdankt, wurde nicht gemessen.</translation>
    </message>
    <message>
        <source>&amp;Copy text</source>
        <translation>Text &amp;kopieren</translation>
    </message>
    <message>
        <source>&amp;Show the episode</source>
        <translation>&amp;Episode zeigen</translation>
    </message>
    <message>
        <source>C&amp;lose</source>
        <translation>Sch&amp;ließen</translation>
    </message>
</context>
<context>
    <name>epi::ReplyReport</name>
    <message>
        <source>on the device already</source>
        <translation>schon auf dem Gerät</translation>
    </message>
    <message>
        <source>from ordinary memory</source>
        <translation>aus dem Arbeitsspeicher</translation>
    </message>
    <message>
        <source>from disk</source>
        <translation>von der Platte</translation>
    </message>
    <message>
        <source>read again: its file was missing or damaged</source>
        <translation>neu gelesen: die Datei fehlte oder war beschädigt</translation>
    </message>
    <message>
        <source>the model ended it</source>
        <translation>vom Modell beendet</translation>
    </message>
    <message>
        <source>at the length limit for replies</source>
        <translation>an der Längengrenze für Antworten</translation>
    </message>
    <message>
        <source>where the memory had no more room for it</source>
        <translation>als im Gedächtnis kein Platz mehr war</translation>
    </message>
    <message>
        <source>at a stop text</source>
        <translation>an einem Stopptext</translation>
    </message>
    <message>
        <source>stopped by you</source>
        <translation>von Ihnen angehalten</translation>
    </message>
    <message>
        <source>Answered from</source>
        <translation>Beantwortet aus</translation>
    </message>
    <message>
        <source>episode %1</source>
        <translation>Episode %1</translation>
    </message>
    <message>
        <source>Match</source>
        <translation>Treffer</translation>
    </message>
    <message>
        <source>Next best</source>
        <translation>Nächstbeste</translation>
    </message>
    <message>
        <source>episode %1, %2</source>
        <translation>Episode %1, %2</translation>
    </message>
    <message>
        <source>Lead over the next</source>
        <translation>Vorsprung vor der nächsten</translation>
    </message>
    <message>
        <source>Kept of the history</source>
        <translation>Vom Verlauf behalten</translation>
    </message>
    <message>
        <source>%1 of %2 tokens (%3 %)</source>
        <translation>%1 von %2 Token (%3 %)</translation>
    </message>
    <message>
        <source>Its cache was</source>
        <translation>Ihr Cache war</translation>
    </message>
    <message>
        <source>Positions</source>
        <translation>Positionen</translation>
    </message>
    <message>
        <source>as they were read</source>
        <translation>wie beim Lesen</translation>
    </message>
    <message>
        <source>counted anew: the history is longer than the model was trained for</source>
        <translation>neu gezählt: der Verlauf ist länger, als das Modell gelernt hat</translation>
    </message>
    <message>
        <source>Question</source>
        <translation>Frage</translation>
    </message>
    <message>
        <source>Quoted before it</source>
        <translation>Davor zitiert</translation>
    </message>
    <message>
        <source>Read again before it</source>
        <translation>Davor noch einmal gelesen</translation>
    </message>
    <message>
        <source>nothing</source>
        <translation>nichts</translation>
    </message>
    <message>
        <source>Reading speed</source>
        <translation>Lesetempo</translation>
    </message>
    <message>
        <source>%1 tokens/s</source>
        <translation>%1 Token/s</translation>
    </message>
    <message>
        <source>Written</source>
        <translation>Geschrieben</translation>
    </message>
    <message>
        <source>Writing speed</source>
        <translation>Schreibtempo</translation>
    </message>
    <message>
        <source>First token after</source>
        <translation>Erstes Token nach</translation>
    </message>
    <message>
        <source>%1 s</source>
        <translation>%1 s</translation>
    </message>
    <message>
        <source>Ended</source>
        <translation>Ende</translation>
    </message>
    <message>
        <source>Version</source>
        <translation>Fassung</translation>
    </message>
    <message>
        <source>%1 of %2</source>
        <translation>%1 von %2</translation>
    </message>
    <message>
        <source>Asked</source>
        <translation>Gefragt</translation>
    </message>
    <message>
        <source>the whole chat</source>
        <translation>dem ganzen Chat</translation>
    </message>
    <message numerus="yes">
        <source>%Ln token(s)</source>
        <translation>
            <numerusform>%Ln Token</numerusform>
            <numerusform>%Ln Token</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln token(s) read</source>
        <translation>
            <numerusform>%Ln Token gelesen</numerusform>
            <numerusform>%Ln Token gelesen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n message(s), %1</source>
        <translation>
            <numerusform>%n Nachricht, %1</numerusform>
            <numerusform>%n Nachrichten, %1</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>epi::ResultModel</name>
    <message>
        <source>Category</source>
        <translation>Kategorie</translation>
    </message>
    <message>
        <source>Question</source>
        <translation>Frage</translation>
    </message>
    <message>
        <source>Expected</source>
        <translation>Erwartet</translation>
    </message>
    <message>
        <source>Answer</source>
        <translation>Antwort</translation>
    </message>
    <message>
        <source>F1</source>
        <translation>F1</translation>
    </message>
    <message>
        <source>Episode</source>
        <translation>Episode</translation>
    </message>
    <message>
        <source>Seconds</source>
        <translation>Sekunden</translation>
    </message>
</context>
<context>
    <name>epi::SamplingForm</name>
    <message>
        <source>How much chance there is in a reply; 0 always takes the likeliest token</source>
        <translation>Wie viel Zufall in einer Antwort steckt; 0 nimmt immer das wahrscheinlichste Token</translation>
    </message>
    <message>
        <source>Only this many of the likeliest tokens are drawn from</source>
        <translation>Nur aus so vielen der wahrscheinlichsten Token wird gezogen</translation>
    </message>
    <message>
        <source>Only the likeliest tokens that together have this probability are drawn from</source>
        <translation>Nur aus den wahrscheinlichsten Token, die zusammen diese Wahrscheinlichkeit haben, wird gezogen</translation>
    </message>
    <message>
        <source>Only tokens at least this likely, measured by the likeliest, are drawn from</source>
        <translation>Nur aus Token, die gemessen am wahrscheinlichsten mindestens so wahrscheinlich sind, wird gezogen</translation>
    </message>
    <message>
        <source>Above 1, tokens that were there already become less likely</source>
        <translation>Über 1 werden Token, die es schon gab, weniger wahrscheinlich</translation>
    </message>
    <message>
        <source>A reply ends here; it can be continued</source>
        <translation>Hier endet eine Antwort; sie kann fortgesetzt werden</translation>
    </message>
    <message>
        <source>The same seed gives the same reply to the same question</source>
        <translation>Derselbe Startwert gibt auf dieselbe Frage dieselbe Antwort</translation>
    </message>
    <message>
        <source>Off</source>
        <translation>Aus</translation>
    </message>
    <message>
        <source>New each time</source>
        <translation>Jedes Mal neu</translation>
    </message>
    <message>
        <source>&amp;Temperature</source>
        <translation>&amp;Temperatur</translation>
    </message>
    <message>
        <source>Top-&amp;k</source>
        <translation>Top-&amp;k</translation>
    </message>
    <message>
        <source>Top-p</source>
        <translation>Top-p</translation>
    </message>
    <message>
        <source>&amp;Min-p</source>
        <translation>&amp;Min-p</translation>
    </message>
    <message>
        <source>Rep&amp;etition penalty</source>
        <translation>Wi&amp;ederholungsstrafe</translation>
    </message>
    <message>
        <source>Longest reply, to&amp;kens</source>
        <translation>Längste Antwort, To&amp;ken</translation>
    </message>
    <message>
        <source>See&amp;d</source>
        <translation>Startwer&amp;t</translation>
    </message>
    <message>
        <source>A value was out of its range and was changed: %1.</source>
        <translation>Ein Wert lag außerhalb seines Bereichs und wurde geändert: %1.</translation>
    </message>
    <message>
        <source>At temperature 0 the likeliest token is taken: top-k, top-p, min-p and the seed change nothing.</source>
        <translation>Bei Temperatur 0 wird das wahrscheinlichste Token genommen: Top-k, Top-p, Min-p und der Startwert ändern nichts.</translation>
    </message>
    <message>
        <source>Tokens are drawn by chance among the likeliest.</source>
        <translation>Die Token werden zufällig unter den wahrscheinlichsten gezogen.</translation>
    </message>
</context>
<context>
    <name>epi::ScopeBox</name>
    <message>
        <source>Which chats are listed</source>
        <translation>Welche Chats aufgelistet sind</translation>
    </message>
    <message>
        <source>All chats</source>
        <translation>Alle Chats</translation>
    </message>
    <message>
        <source>Archive</source>
        <translation>Archiv</translation>
    </message>
    <message>
        <source>Bin</source>
        <translation>Papierkorb</translation>
    </message>
</context>
<context>
    <name>epi::SearchModel</name>
    <message>
        <source>Assistant</source>
        <translation>Assistent</translation>
    </message>
    <message>
        <source>You</source>
        <translation>Sie</translation>
    </message>
    <message>
        <source>other version</source>
        <translation>andere Fassung</translation>
    </message>
    <message>
        <source>Chat %1</source>
        <translation>Chat %1</translation>
    </message>
    <message>
        <source>%1, in %2, %3</source>
        <translation>%1, in %2, %3</translation>
    </message>
</context>
<context>
    <name>epi::SearchPanel</name>
    <message>
        <source>Newest first</source>
        <translation>Neueste zuerst</translation>
    </message>
    <message>
        <source>Best match first</source>
        <translation>Beste Treffer zuerst</translation>
    </message>
    <message>
        <source>Order of the results</source>
        <translation>Reihenfolge der Treffer</translation>
    </message>
    <message>
        <source>Search results</source>
        <translation>Suchergebnisse</translation>
    </message>
    <message>
        <source>Nothing found for “%1”.</source>
        <translation>Nichts gefunden für „%1“.</translation>
    </message>
</context>
<context>
    <name>epi::SettingsDialog</name>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Sections</source>
        <translation>Abschnitte</translation>
    </message>
    <message>
        <source>&amp;Close</source>
        <translation>S&amp;chließen</translation>
    </message>
    <message>
        <source>General</source>
        <translation>Allgemein</translation>
    </message>
    <message>
        <source>Appearance</source>
        <translation>Aussehen</translation>
    </message>
    <message>
        <source>Model and engine</source>
        <translation>Modell und Engine</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Gedächtnis</translation>
    </message>
    <message>
        <source>Shortcuts</source>
        <translation>Tastenkürzel</translation>
    </message>
    <message>
        <source>Data</source>
        <translation>Daten</translation>
    </message>
    <message>
        <source>Replies</source>
        <translation>Antworten</translation>
    </message>
</context>
<context>
    <name>epi::ShortcutsPage</name>
    <message>
        <source>Keyboard shortcuts</source>
        <translation>Tastenkürzel</translation>
    </message>
    <message>
        <source>Find an action or a key</source>
        <translation>Aktion oder Taste finden</translation>
    </message>
    <message>
        <source>Actions and their keys</source>
        <translation>Aktionen und ihre Tasten</translation>
    </message>
    <message>
        <source>Action</source>
        <translation>Aktion</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <source>New keys for the chosen action</source>
        <translation>Neue Tasten für die gewählte Aktion</translation>
    </message>
    <message>
        <source>Press the new keys</source>
        <translation>Neue Tasten drücken</translation>
    </message>
    <message>
        <source>&amp;Assign</source>
        <translation>&amp;Zuweisen</translation>
    </message>
    <message>
        <source>&amp;No keys</source>
        <translation>&amp;Keine Tasten</translation>
    </message>
    <message>
        <source>&amp;Default</source>
        <translation>&amp;Standard</translation>
    </message>
    <message>
        <source>All to de&amp;faults</source>
        <translation>Alle zurück&amp;setzen</translation>
    </message>
    <message>
        <source>Changed by you</source>
        <translation>Von Ihnen geändert</translation>
    </message>
    <message>
        <source>Choose an action to change its keys.</source>
        <translation>Wählen Sie eine Aktion, um ihre Tasten zu ändern.</translation>
    </message>
    <message>
        <source>&amp;Assign anyway</source>
        <translation>&amp;Trotzdem zuweisen</translation>
    </message>
    <message>
        <source>%1 is already used for: %2. Assigned anyway, it is taken from there.</source>
        <translation>%1 wird schon benutzt für: %2. Trotzdem zugewiesen, wird es dort entfernt.</translation>
    </message>
    <message>
        <source>Clear the search</source>
        <translation>Suche leeren</translation>
    </message>
</context>
<context>
    <name>epi::StatusStrip</name>
    <message>
        <source>Engine</source>
        <translation>Engine</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Device</source>
        <translation>Gerät</translation>
    </message>
    <message>
        <source>Speed of the last answer</source>
        <translation>Geschwindigkeit der letzten Antwort</translation>
    </message>
    <message>
        <source>Memory used by the last answer</source>
        <translation>Gedächtnis der letzten Antwort</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Ends the running job</source>
        <translation>Beendet die laufende Aufgabe</translation>
    </message>
    <message>
        <source>Running job</source>
        <translation>Laufende Aufgabe</translation>
    </message>
    <message>
        <source>Shows all running jobs</source>
        <translation>Zeigt alle laufenden Aufgaben</translation>
    </message>
    <message>
        <source>Starting the engine…</source>
        <translation>Engine startet…</translation>
    </message>
    <message>
        <source>Loading the model…</source>
        <translation>Modell wird geladen…</translation>
    </message>
    <message>
        <source>Ready</source>
        <translation>Bereit</translation>
    </message>
    <message>
        <source>No model</source>
        <translation>Kein Modell</translation>
    </message>
    <message>
        <source>Engine stopped</source>
        <translation>Engine beendet</translation>
    </message>
    <message>
        <source>CPU</source>
        <translation>CPU</translation>
    </message>
    <message>
        <source>%1 / %2 tokens kept</source>
        <translation>%1 / %2 Token behalten</translation>
    </message>
    <message>
        <source>%1 tokens/s</source>
        <translation>%1 Token/s</translation>
    </message>
    <message numerus="yes">
        <source>%n job(s)</source>
        <translation>
            <numerusform>%n Aufgabe</numerusform>
            <numerusform>%n Aufgaben</numerusform>
        </translation>
    </message>
    <message>
        <source>%1: %2</source>
        <translation>%1: %2</translation>
    </message>
</context>
<context>
    <name>epi::TintLegend</name>
    <message>
        <source>Behind the text: how much of it episode %1 keeps</source>
        <translation>Hinter dem Text: wie viel Episode %1 davon behält</translation>
    </message>
    <message>
        <source>keeps, of each word:</source>
        <translation>behält von jedem Wort:</translation>
    </message>
    <message>
        <source>nothing</source>
        <translation>nichts</translation>
    </message>
    <message>
        <source>some</source>
        <translation>etwas</translation>
    </message>
    <message>
        <source>¼ or more</source>
        <translation>¼ oder mehr</translation>
    </message>
    <message>
        <source>½ or more</source>
        <translation>½ oder mehr</translation>
    </message>
    <message>
        <source>¾ or more</source>
        <translation>¾ oder mehr</translation>
    </message>
</context>
<context>
    <name>epi::TurnActions</name>
    <message>
        <source>Message</source>
        <translation>Nachricht</translation>
    </message>
    <message>
        <source>&amp;Regenerate the reply</source>
        <translation>Antwort neu sch&amp;reiben</translation>
    </message>
    <message>
        <source>&amp;Answer again with another episode…</source>
        <translation>Aus einer &amp;anderen Episode antworten…</translation>
    </message>
    <message>
        <source>C&amp;ontinue the reply</source>
        <translation>Antwort f&amp;ortsetzen</translation>
    </message>
    <message>
        <source>&amp;Edit and resend</source>
        <translation>B&amp;earbeiten und neu senden</translation>
    </message>
    <message>
        <source>&amp;Previous version</source>
        <translation>&amp;Vorige Fassung</translation>
    </message>
    <message>
        <source>&amp;Next version</source>
        <translation>&amp;Nächste Fassung</translation>
    </message>
    <message>
        <source>Copy as &amp;Markdown</source>
        <translation>Als &amp;Markdown kopieren</translation>
    </message>
    <message>
        <source>&amp;Where the reply came from…</source>
        <translation>&amp;Woher die Antwort kam…</translation>
    </message>
    <message>
        <source>&amp;Delete the turn</source>
        <translation>Beitrag &amp;löschen</translation>
    </message>
    <message>
        <source>Put &amp;back deleted turns</source>
        <translation>Gelöschte Beiträge &amp;zurückholen</translation>
    </message>
    <message>
        <source>There is no reply in this chat yet.</source>
        <translation>In diesem Chat gibt es noch keine Antwort.</translation>
    </message>
    <message>
        <source>A reply is being written. Wait for its end, or stop it with Escape.</source>
        <translation>Eine Antwort wird geschrieben. Warten Sie ihr Ende ab oder halten Sie sie mit Escape an.</translation>
    </message>
    <message>
        <source>Only your own messages can be edited.</source>
        <translation>Nur eigene Nachrichten können bearbeitet werden.</translation>
    </message>
    <message>
        <source>Only a reply came from somewhere: choose one.</source>
        <translation>Nur Antworten haben eine Herkunft: Wählen Sie eine.</translation>
    </message>
    <message>
        <source>Choose a reply first</source>
        <translation>Erst eine Antwort wählen</translation>
    </message>
    <message>
        <source>This chat has no episodes</source>
        <translation>Dieser Chat hat keine Episoden</translation>
    </message>
    <message>
        <source>Episode &amp;%1</source>
        <translation>Episode &amp;%1</translation>
    </message>
    <message>
        <source>match %1</source>
        <translation>Treffer %1</translation>
    </message>
    <message>
        <source>Only the reply to a question can be made again.</source>
        <translation>Nur die Antwort auf eine Frage kann neu geschrieben werden.</translation>
    </message>
    <message>
        <source>This chat has no episodes: no memory was built of it.</source>
        <translation>Dieser Chat hat keine Episoden: Von ihm wurde kein Gedächtnis aufgebaut.</translation>
    </message>
    <message>
        <source>Answer again with</source>
        <translation>Neu antworten aus</translation>
    </message>
    <message>
        <source>&amp;Answer again with</source>
        <translation>Neu antwor&amp;ten aus</translation>
    </message>
    <message>
        <source>P&amp;in or unpin for the memory</source>
        <translation>Für das Gedächtnis an&amp;heften oder lösen</translation>
    </message>
    <message>
        <source>There is no message in this chat yet.</source>
        <translation>In diesem Chat gibt es noch keine Nachricht.</translation>
    </message>
</context>
</TS>
