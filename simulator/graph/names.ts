/**
 * What people, departments and offices are called. Names are written `native|ascii` where the two differ; the ASCII form makes
 * user principal names, as directories do for scripts that mail addresses cannot hold.
 */

export type Name = { readonly native: string; readonly ascii: string };
export type Locale = { readonly language: string; readonly given: readonly Name[]; readonly family: readonly Name[] };
export type Office = {
  readonly name: string;
  readonly city: string;
  readonly country: string;
  readonly code: string;
  readonly street: string;
  readonly postalCode: string;
  readonly state: string | null;
  readonly dial: string;
  readonly language: string;
};
export type Department = { readonly name: string; readonly titles: readonly string[]; readonly costCenter: string };

function locale(language: string, given: string, family: string): Locale {
  return { language, given: given.split(',').map(nameOf), family: family.split(',').map(nameOf) };
}

function nameOf(written: string): Name {
  const [native = '', ascii] = written.trim().split('|');
  return { native, ascii: (ascii ?? withoutMarks(native)).toLowerCase().replaceAll(/[^a-z]/g, '') };
}

const unmarked: Readonly<Record<string, string>> = {
  ß: 'ss',
  ł: 'l',
  Ł: 'L',
  ø: 'o',
  Ø: 'O',
  đ: 'd',
  Đ: 'D',
  ð: 'd',
  þ: 'th',
  Þ: 'Th',
  æ: 'ae',
  Æ: 'Ae',
  ı: 'i',
};

const withoutMarks = (text: string): string =>
  [...text.normalize('NFD').replaceAll(/\p{M}/gu, '')].map((letter) => unmarked[letter] ?? letter).join('');

export const locales: readonly Locale[] = [
  locale(
    'en-US',
    'Adele,James,Olivia,Noah,Grace,Ethan,Hannah,Lucas,Zoe,Samuel,Ruth,Owen,Megan,Patti,Isaiah,Joni,Lee,Nestor,Alex,Diego,Lidia,Pradeep,Miriam,Henrietta',
    "Vance,O'Connor,Smith-Jones,Carter,Hughes,Murphy,Walker,Bennett,Sherman,Fernandez,Langer,Gu,Wilke,Siciliani,Holloway,Graham,Mueller,Hughes-Lee,McDonald,Van Dyke,Foster,Reed,Price,Stone",
  ),
  locale(
    'de-DE',
    'Jürgen,Björn,Käthe,Günther,Anna-Lena,Hans,Friederike,Lukas,Mia,Sören,Ute,Matthias,Zoë,Wolfgang',
    'Müller,Weiß,Groß,Schröder,Köhler,Strauß,Bäcker,Jäger,von der Heide,Schmidt,Hoffmann,Fußball,Krüger,Lange',
  ),
  locale(
    'fr-FR',
    'Élodie,François,Chloé,Loïc,Zoé,Hélène,Benoît,Aurélie,Jean-Luc,Maël,Noémie,Rémi,Anaïs',
    'Lefèvre,Dubois,Gérard,Moreau,François,Château,Bélanger,D’Estaing,Lévêque,Garçon,Faure,Noël',
  ),
  locale(
    'pl-PL',
    'Łukasz,Małgorzata,Zbigniew,Agnieszka,Wojciech,Świętosława,Michał,Katarzyna,Paweł,Żaneta',
    'Kowalska,Wiśniewski,Wójcik,Łęcki,Żółtowski,Dąbrowska,Śliwa,Kaźmierczak,Nowak,Źrebiec',
  ),
  locale(
    'tr-TR',
    'Çağlar,İbrahim,Şule,Gökhan,Ömer,Işıl,Buğra,Ayşe,Ünal,Derya',
    'Yılmaz,Şahin,Öztürk,Çelik,Güneş,Aydın,Doğan,Işık,Kılıç,Özdemir',
  ),
  locale(
    'cs-CZ',
    'Jiří,Zdeněk,Kateřina,Ondřej,Růžena,Božena,Luděk,Šárka,Václav,Žofie',
    'Dvořák,Novotná,Černý,Procházka,Růžička,Kučera,Šimek,Žák,Němec,Řezníček',
  ),
  locale(
    'vi-VN',
    'Hương,Đức,Thảo,Minh,Phượng,Tuấn,Ngọc,Quỳnh,Bảo,Trâm',
    'Nguyễn,Trần,Phạm,Đặng,Hoàng,Võ,Bùi,Đỗ,Hồ,Ngô',
  ),
  locale(
    'is-IS',
    'Guðrún,Þór,Björk,Ásgeir,Sæunn,Æsa,Örn,Ragnheiður',
    'Jónsdóttir,Þorsteinsson,Ægisson,Sigurðardóttir,Björnsson,Guðmundsdóttir',
  ),
  locale(
    'pt-BR',
    'João,Conceição,Antônio,Luís,Inês,Thaís,Márcio,Débora,Vitória,César',
    'Gonçalves,Araújo,da Conceição,Magalhães,Simões,dos Santos,Assunção,Brandão',
  ),
  locale(
    'es-ES',
    'José,Begoña,Íñigo,Núria,Ángel,Ramón,Lucía,Martín,Sofía,Raúl',
    'Núñez,García,Muñoz,Ibáñez,Peña,López de la Torre,Güell,Fernández',
  ),
  locale(
    'da-DK',
    'Søren,Åse,Kjær,Bjørn,Sæbjørn,Mette,Jørgen,Gitte',
    'Ørsted,Kjærgaard,Møller,Åberg,Sørensen,Østergård,Nørgaard',
  ),
  locale(
    'ja-JP',
    '太郎|Taro,花子|Hanako,翔太|Shota,美咲|Misaki,健一|Kenichi,さくら|Sakura,大輔|Daisuke,陽子|Yoko',
    '山田|Yamada,佐藤|Sato,鈴木|Suzuki,髙橋|Takahashi,渡邊|Watanabe,伊藤|Ito,小林|Kobayashi,𠮷田|Yoshida',
  ),
  locale(
    'zh-CN',
    '伟|Wei,芳|Fang,秀英|Xiuying,敏|Min,静|Jing,磊|Lei,洋|Yang,艳|Yan',
    '王|Wang,李|Li,张|Zhang,刘|Liu,陈|Chen,欧阳|Ouyang,赵|Zhao,黄|Huang',
  ),
  locale(
    'ko-KR',
    '민준|Minjun,서연|Seoyeon,지훈|Jihun,하은|Haeun,도윤|Doyun,수빈|Subin',
    '김|Kim,이|Lee,박|Park,최|Choi,정|Jung,남궁|Namgung',
  ),
  locale(
    'ar-SA',
    'محمد|Mohammed,فاطمة|Fatima,أحمد|Ahmed,ليلى|Layla,يوسف|Yousef,مريم|Maryam',
    'الأحمد|Alahmad,السعيد|Alsaeed,حداد|Haddad,النجار|Alnajjar,خليل|Khalil,المصري|Almasri',
  ),
  locale(
    'he-IL',
    'יעל|Yael,דוד|David,נועה|Noa,אבי|Avi,תמר|Tamar,איתן|Eitan',
    'כהן|Cohen,לוי|Levi,מזרחי|Mizrahi,פרץ|Peretz,ביטון|Biton,אברהם|Avraham',
  ),
  locale(
    'ru-RU',
    'Алёна|Alyona,Дмитрий|Dmitry,Ольга|Olga,Сергей|Sergey,Наталья|Natalya,Юрий|Yury',
    'Иванова|Ivanova,Кузнецов|Kuznetsov,Щербаков|Shcherbakov,Попова|Popova,Соловьёв|Solovyov,Жуков|Zhukov',
  ),
  locale(
    'el-GR',
    'Γιώργος|Giorgos,Ελένη|Eleni,Νίκος|Nikos,Άννα|Anna,Κώστας|Kostas,Δήμητρα|Dimitra',
    'Παπαδόπουλος|Papadopoulos,Νικολάου|Nikolaou,Γεωργίου|Georgiou,Κωνσταντίνου|Konstantinou,Οικονόμου|Oikonomou',
  ),
  locale(
    'hi-IN',
    'आरव|Aarav,प्रिया|Priya,अर्जुन|Arjun,अनन्या|Ananya,रोहन|Rohan,मीरा|Meera',
    'शर्मा|Sharma,पटेल|Patel,सिंह|Singh,गुप्ता|Gupta,अय्यर|Iyer,रेड्डी|Reddy',
  ),
  locale(
    'th-TH',
    'สมชาย|Somchai,มาลี|Malee,ณัฐพล|Nattapon,กนกวรรณ|Kanokwan',
    'ศรีสุข|Srisuk,วงศ์ใหญ่|Wongyai,จันทร์|Chan,สุวรรณ|Suwan',
  ),
];

const office = (line: string): Office => {
  const [
    name = '',
    city = '',
    country = '',
    code = '',
    street = '',
    postalCode = '',
    state = '',
    dial = '',
    language = '',
  ] = line.split('|');
  return { name, city, country, code, street, postalCode, state: state === '' ? null : state, dial, language };
};

export const offices: readonly Office[] = [
  'Seattle HQ 1|Seattle|United States|US|500 Pine Street|98101|WA|+1 206 555|en-US',
  'Austin 2|Austin|United States|US|98 Congress Avenue|78701|TX|+1 512 555|en-US',
  'Berlin Mitte|Berlin|Deutschland|DE|Friedrichstraße 68|10117||+49 30 555|de-DE',
  'München Süd|München|Deutschland|DE|Sendlinger Straße 3|80331|Bayern|+49 89 555|de-DE',
  'Paris La Défense|Paris|France|FR|Place de la Défense 12|92800|Île-de-France|+33 1 55|fr-FR',
  'Kraków Rynek|Kraków|Polska|PL|Rynek Główny 7|31-042||+48 12 555|pl-PL',
  'İstanbul Levent|İstanbul|Türkiye|TR|Büyükdere Caddesi 171|34394||+90 212 555|tr-TR',
  'Praha Karlín|Praha|Česko|CZ|Křižíkova 34|186 00||+420 225 55|cs-CZ',
  'São Paulo Paulista|São Paulo|Brasil|BR|Avenida Paulista 1374|01310-100|SP|+55 11 5555|pt-BR',
  'Madrid Chamberí|Madrid|España|ES|Calle de Génova 27|28004||+34 915 55|es-ES',
  'København Ø|København|Danmark|DK|Østerbrogade 54|2100||+45 35 55|da-DK',
  '東京本社|東京|日本|JP|千代田区丸の内1-9-2|100-0005|東京都|+81 3 5555|ja-JP',
  '上海浦东|上海|中国|CN|世纪大道 100 号|200120|上海市|+86 21 5555|zh-CN',
  '서울 강남|서울|대한민국|KR|테헤란로 152|06236||+82 2 555|ko-KR',
  'Riyadh Tower|الرياض|السعودية|SA|King Fahd Road 12|12271||+966 11 555|ar-SA',
  'Tel Aviv Rothschild|תל אביב|ישראל|IL|Rothschild 22|6688218||+972 3 555|he-IL',
  'Bengaluru Tech Park|Bengaluru|India|IN|Outer Ring Road 4|560103|KA|+91 80 5555|hi-IN',
  'Hà Nội|Hà Nội|Việt Nam|VN|54A Nguyễn Chí Thanh|100000||+84 24 555|vi-VN',
].map(office);

const department = (name: string, costCenter: string, titles: string): Department => ({
  name,
  costCenter,
  titles: titles.split(','),
});

export const departments: readonly Department[] = [
  department(
    'Engineering',
    'R100',
    'Software Engineer,Senior Software Engineer,Staff Engineer,Test Engineer,Site Reliability Engineer',
  ),
  department('Product', 'R200', 'Product Manager,Product Designer,User Researcher,Technical Writer'),
  department('Sales', 'S100', 'Account Executive,Sales Engineer,Inside Sales Representative,Sales Operations Analyst'),
  department('Marketing', 'S200', 'Content Strategist,Brand Manager,Field Marketer,Web Producer'),
  department('Customer Support', 'S300', 'Support Engineer,Helpdesk Agent,Technical Account Lead'),
  department('Finance', 'G100', 'Accountant,Controller,Payroll Specialist,Treasury Analyst'),
  department(
    'Human Resources',
    'G200',
    'HR Business Partner,Recruiter,Compensation Analyst,People Operations Specialist',
  ),
  department('Legal', 'G300', 'Counsel,Paralegal,Contract Manager,Privacy Officer'),
  department('IT', 'G400', 'Systems Administrator,Network Engineer,Identity Engineer,Service Desk Analyst'),
  department('Security', 'G500', 'Security Analyst,Incident Responder,Governance Specialist'),
  department('Operations', 'O100', 'Operations Analyst,Logistics Coordinator,Facilities Planner'),
  department('Manufacturing', 'O200', 'Line Operator,Shift Supervisor,Quality Inspector,Maintenance Technician'),
  department('Procurement', 'O300', 'Buyer,Supplier Analyst,Category Lead'),
  department('Forschung & Entwicklung', 'R300', 'Wissenschaftlicher Mitarbeiter,Laborleiter,Entwicklungsingenieur'),
];

export const employers: readonly string[] = [
  'fabrikam.com',
  'adatum.com',
  'northwind.example',
  'müller-söhne.example',
  'tailspin.example',
];

export const teamWords: readonly string[] = [
  'Apollo',
  'Borealis',
  'Cobalt',
  'Delta',
  'Everest',
  'Falcon',
  'Gravity',
  'Horizon',
  'Indigo',
  'Jupiter',
  'Kraken',
  'Lumen',
  'Meridian',
  'Nimbus',
  'Orion',
  'Phönix',
  'Quartz',
  'Résumé',
  'Saturn',
  'Tundra',
  'Umbra',
  'Vega',
  'Wörk',
  'Xenon',
  'Yggdrasil',
  'Zephyr',
];
