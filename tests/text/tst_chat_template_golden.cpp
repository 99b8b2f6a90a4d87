// Against the reference prompts of goldens/models (its README says how they were made).

#include <memory>
#include <string>
#include <vector>

#include <QtTest/QTest>

#include "core/chat/chat_template.h"
#include "core/format/gguf.h"
#include "core/text/tokenizer.h"
#include "tests/support/shared_data.h"

using namespace epi;
using Ids = std::vector<TokenId>;

class TestChatTemplateGolden : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void rendersAndTokenisesAsTheModelWasTrained_data() {
        QTest::addColumn<QString>("golden");
        QTest::addColumn<QString>("model");
        QTest::newRow("smollm2") << "goldens/models/chat_template_smollm2-135m-instruct.json"
                                 << "smollm2-135m-instruct-q4_1/SmolLM2-135M-Instruct.Q4_1.gguf";
        QTest::newRow("qwen2.5-coder")
            << "goldens/models/chat_template_qwen2.5-coder-0.5b-instruct.json"
            << "qwen2.5-coder-0.5b-instruct-q4_k_m/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf";
    }
    void rendersAndTokenisesAsTheModelWasTrained() {
        QFETCH(QString, golden);
        QFETCH(QString, model);
        EPI_FIND_OR_SKIP(goldenPath, sharedFile, golden.toStdString());
        EPI_FIND_OR_SKIP(modelPath, modelFile, model.toStdString());
        const nlohmann::json data = test::readJson(goldenPath);
        auto file = GgufFile::open(modelPath);
        QVERIFY2(file, file ? "" : file.error().message.c_str());
        auto tokenizer = makeTokenizer(*file);
        QVERIFY2(tokenizer, tokenizer ? "" : tokenizer.error().message.c_str());
        const auto source = file->text("tokenizer.chat_template");
        QVERIFY(source && *source == data["template"].get<std::string>());
        const auto chat = recogniseChatTemplate(*source);
        QVERIFY2(chat, chat ? "" : chat.error().message.c_str());

        int compared = 0;
        for (const auto& item : data["conversations"]) {
            const auto name = item["name"].get<std::string>();
            if (item.contains("tools")) {
                qInfo("not compared, tools are not supported: %s", name.c_str());
                continue;
            }
            std::vector<ChatMessage> messages;
            for (const auto& message : item["messages"]) {
                const auto role = roleFromName(message["role"].get<std::string>());
                QVERIFY(role);
                messages.push_back({*role, message["content"].get<std::string>()});
            }
            const auto parts = (*chat)->render(messages, item["add_generation_prompt"].get<bool>());
            QCOMPARE(QString::fromStdString(joinParts(parts)),
                     QString::fromStdString(item["rendered"].get<std::string>()));
            const Ids ids = encodeParts(**tokenizer, parts);
            QVERIFY2(ids == item["ids"].get<Ids>(), name.c_str());
            if (item.contains("ids_everything_parsed_UNSAFE")) {
                QVERIFY2(ids != item["ids_everything_parsed_UNSAFE"].get<Ids>(), name.c_str());
            }
            ++compared;
        }
        QVERIFY(compared > 0);
    }
};

QTEST_GUILESS_MAIN(TestChatTemplateGolden)
#include "tst_chat_template_golden.moc"
