// Golden bytes of DescribeConfigs.

import { requestGoldens, responseGoldens } from '../testing/golden.ts'
import { DescribeConfigs } from './describe-configs.ts'

requestGoldens(
  DescribeConfigs,
  {
    resources: [{ resourceType: 2, resourceName: 't', configurationKeys: ['k'] }],
    includeSynonyms: true,
    includeDocumentation: false,
  },
  {
    1: '00000001 02 0001 "t" 00000001 0001 "k" 01',
    4: '02 02 02 "t" 02 02 "k" 00 01 00 00',
  },
)

responseGoldens(
  DescribeConfigs,
  {
    throttleTimeMs: 9,
    results: [
      {
        errorCode: 0,
        errorMessage: null,
        resourceType: 2,
        resourceName: 't',
        configs: [
          {
            name: 'k',
            value: 'v',
            readOnly: false,
            configSource: 5,
            isSensitive: false,
            synonyms: [{ name: 's', value: null, source: 4 }],
            configType: 2,
            documentation: 'd',
          },
        ],
      },
    ],
  },
  {
    1: `00000009 00000001 0000 ffff 02 0001 "t"
      00000001 0001 "k" 0001 "v" 00 05 00 00000001 0001 "s" ffff 04`,
    4: `00000009 02 0000 00 02 02 "t"
      02 02 "k" 02 "v" 00 05 00 02 02 "s" 00 04 00 02 02 "d" 00 00 00`,
  },
)
