import java.io.File;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/** One line a file: its name, and `valid`, or the rules of ISO 19005-3 that it breaks. */
public final class Validate {
    public static void main(String[] files) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        for (String file : files) {
            StringBuilder found = new StringBuilder();
            try (PDFAParser parser =
                    Foundries.defaultInstance().createParser(new File(file), PDFAFlavour.PDFA_3_B)) {
                PDFAValidator validator =
                        Foundries.defaultInstance().createValidator(PDFAFlavour.PDFA_3_B, false);
                ValidationResult result = validator.validate(parser);
                for (TestAssertion one : result.getTestAssertions()) {
                    if (one.getStatus() == TestAssertion.Status.FAILED) {
                        found.append(' ').append(one.getRuleId().getClause()).append('-')
                                .append(one.getRuleId().getTestNumber());
                    }
                }
                System.out.println(file + (result.isCompliant() ? " valid" : " breaks" + found));
            }
        }
    }
}
