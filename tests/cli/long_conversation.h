#pragma once

#include <QByteArray>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QString>

namespace epi::test {

/// conv-2: forty turns of two sessions, and a question about one of them.
inline QByteArray longConversation() {
    QJsonObject sessions;
    for (int session = 1; session <= 2; ++session) {
        QJsonArray turns;
        for (int i = 1; i <= 20; ++i) {
            const bool isWanted = session == 1 && i == 7;
            turns.append(QJsonObject{
                {"speaker", i % 2 == 1 ? "Ann" : "Ben"},
                {"dia_id", QString("D%1:%2").arg(session).arg(i)},
                {"text", QString("Number %1 is ").arg(i) + (isWanted ? "a red bicycle" : "of no interest")}});
        }
        sessions[QString("session_%1").arg(session)] = turns;
        sessions[QString("session_%1_date_time").arg(session)] =
            QString("1:00 pm on %1 May, 2023").arg(session);
    }
    const QJsonObject question{{"question", "Which bicycle?"},
                               {"answer", "the red one"},
                               {"evidence", QJsonArray{"D1:7"}},
                               {"category", 4}};
    return QJsonDocument(
               QJsonObject{{"sample_id", "conv-2"}, {"conversation", sessions}, {"qa", QJsonArray{question}}})
        .toJson();
}

}  // namespace epi::test
